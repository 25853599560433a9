"""Where settings are written down: flags, variables, a file."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from seiton.config.model import flat_names
from seiton.errors import InvalidInput, Problem
from seiton.text import _

FILE_NAME = "seiton.toml"
ENVIRONMENT_PREFIX = "SEITON_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A value as somebody wrote it, and what they call the place where they wrote it."""

    value: object
    where: str


PATHS = ("data", "library", "downloads", "movies_root")


def _placed(name: str, value: object, folder: Path) -> object:
    """Make a folder absolute, seen from where it was written down."""
    if name in PATHS and isinstance(value, str | os.PathLike) and os.fspath(value):
        return folder / os.path.expanduser(value)
    return value


def from_flags(flags: Mapping[str, object], folder: Path) -> dict[str, Given]:
    return {
        name: Given(value=_placed(name, value, folder), where="--" + name.replace("_", "-"))
        for name, value in flags.items()
        if value is not None
    }


def from_environment(environ: Mapping[str, str], folder: Path) -> dict[str, Given]:
    variables = {name: ENVIRONMENT_PREFIX + name.upper() for name in flat_names()}
    return {
        name: Given(value=_placed(name, environ[variable], folder), where=variable)
        for name, variable in variables.items()
        if environ.get(variable)  # compose files pass an empty one for "not given"
    }


def home(environ: Mapping[str, str], variable: str, fallback: str) -> Path:
    """Return an XDG base folder; the specification says that a relative one is to be ignored."""
    named = environ.get(variable, "")
    if os.path.isabs(named):
        return Path(named)
    return Path(environ.get("HOME") or Path.home()) / fallback


def settings_file(
    environ: Mapping[str, str], folder: Path, config: str | os.PathLike[str] | None, data: Path
) -> Path | None:
    named, field = (config, "--config") if config else (environ.get("SEITON_CONFIG"), "SEITON_CONFIG")
    if named:
        file = folder / os.path.expanduser(named)
        if not file.is_file():
            raise invalid(field, _("there is no file {file}", file=file), "not_found")
        return file
    places = (folder, data, home(environ, "XDG_CONFIG_HOME", ".config") / "seiton")
    return next((place / FILE_NAME for place in places if (place / FILE_NAME).is_file()), None)


def from_file(file: Path) -> dict[str, Given]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise invalid(str(file), _("cannot be read: {reason}", reason=reason), "unreadable") from error
    except ValueError as error:  # not TOML, or not UTF-8
        raise invalid(str(file), _("is not valid TOML: {reason}", reason=error), "malformed") from error
    flat = {path: name for name, path in flat_names().items()}
    known = [".".join(path) for path in flat]
    given: dict[str, Given] = {}
    problems = []
    for path, value in _leaves(content):
        where, key = f"{file}: {'.'.join(path)}", ".".join(path)
        if path in flat:
            given[flat[path]] = Given(value=_placed(flat[path], value, file.parent.absolute()), where=where)
            continue
        near = difflib.get_close_matches(key, known, n=1)
        hint = (
            _("Did you mean {name}?", name=near[0])
            if near
            else _("Known are: {names}", names=", ".join(known))
        )
        message = _("there is no such setting. {hint}", hint=hint)
        problems.append(Problem(field=where, message=message, code="unknown"))
    if problems:
        raise InvalidInput(problems)
    return given


def _leaves(
    table: Mapping[str, object], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], object]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*above, key))
        else:
            yield (*above, key), value


def invalid(field: str, message: str, code: str) -> InvalidInput:
    return InvalidInput([Problem(field=field, message=message, code=code)])
