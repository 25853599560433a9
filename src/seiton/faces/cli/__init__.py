"""The command line. ``main`` is the program ``seiton``."""

from __future__ import annotations

import os
import sys

from seiton.text import _, negotiate, use_language


def main() -> None:
    """Run ``seiton`` with the arguments of this process and leave with its exit code.

    0: done. 1: it could not be done. 2: the command was not understood.
    """
    use_language(negotiate(wanted_language()))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


def wanted_language() -> str | None:
    """Return what the environment says about the language, such as ``zh_TW.UTF-8``."""
    names = ("SEITON_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    return next(filter(None, map(os.environ.get, names)), None)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; the language is that of the current context."""
    from seiton.errors import SeitonError
    from seiton.faces.cli.app import build
    from seiton.faces.cli.output import WrongUsage, print_error

    try:
        build(arguments)(arguments, prog_name="seiton")
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else 0 if exit_.code is None else 1
    except BrokenPipeError:
        # Whoever read our output has gone; nothing more can be said, also not at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print(_("Interrupted."), file=sys.stderr)
        return 130
    except SeitonError as error:
        print_error(error, as_json="--json" in arguments)
        return 2 if isinstance(error, WrongUsage) else 1
    return 0
