"""What ``seiton doctor`` finds out of a torrent client in another process: it logs in once."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

from seiton.faces.findings import Finding, bad, good, warning
from seiton.text import _

if TYPE_CHECKING:
    from seiton.config import Settings

CHECK = "torrent client"


def remote_client(settings: Settings) -> Iterator[Finding]:
    """Is it there, of a version that works, does it let us in, and do its folders have the names we think?"""
    from seiton.adapters.torrents import choice
    from seiton.adapters.torrents.port import ClientAway, ClientRefuses, ClientUnfit

    client = choice.remote_client(settings.torrent_client)
    if client is None:
        return
    try:
        version, cautions, example = client.meet(), client.cautions(), client.example()
    except ClientRefuses as error:
        yield bad(
            CHECK, str(error), _("Each look of the doctor is one more try: correct them before the next.")
        )
        return
    except ClientUnfit as error:
        yield bad(CHECK, str(error), _("Update it."))
        return
    except ClientAway as error:
        yield bad(CHECK, str(error), _("See that it runs, and that torrent_client.url is where."))
        return
    finally:
        client.close()
    found = client.standing()
    says = _("{name} {version} is at {address}.", name=found.kind, version=version, address=found.address)
    yield good(CHECK, says)
    for caution in cautions:
        yield warning(CHECK, caution, _("Change it in the settings of the torrent client."))
    yield from path_map(settings, example)


def path_map(settings: Settings, example: tuple[str, str] | None) -> Iterator[Finding]:
    """Does a file that the client calls ``example[1]`` lie at ``example[0]``, and can it be linked?"""
    check = "path map"
    if example is None:
        yield good(check, _("The client has no finished torrent of ours yet to try it with."))
        return
    here, there = example
    if not os.path.isfile(here):
        says = _("The client has {there}; that should be {here}, which is not there.", there=there, here=here)
        do = _(
            "Say in torrent_client.path_map what the client calls our folders: {example}",
            example=f"{settings.downloads}={os.path.dirname(there)}",
        )
        yield bad(check, says, do)
        return
    root = os.path.join(os.path.abspath(settings.downloads), "")
    if not os.path.realpath(here).startswith(os.path.join(os.path.realpath(root), "")):
        says = _("{here} is not below the download folder {downloads}.", here=here, downloads=root)
        yield bad(check, says, _("Let downloads be the folder, as Seiton calls it, that the client fills."))
        return
    yield from _linked(settings, here)


def _linked(settings: Settings, here: str) -> Iterator[Finding]:
    check = "path map"
    target = os.path.join(settings.library, f".seiton-tmp-doctor-{secrets.token_hex(8)}")
    try:
        os.link(here, target)
    except OSError as error:
        says = _("No hard link of {here} into the library: {reason}.", here=here, reason=error.strerror)
        if settings.link_mode in {"copy", "move"} or settings.allow_copy:
            yield warning(check, says, _("Files are copied, which takes time and space."))
        else:
            do = _(
                "Have the client download to the file system of the library; in containers, below one mount."
            )
            yield bad(check, says, do)
        return
    os.unlink(target)
    yield good(
        check, _("A file that the client has is where it should be and can be linked into the library.")
    )
