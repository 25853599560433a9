"""What ``seiton doctor`` finds out of the media servers: each is asked once how it is set."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from seiton.errors import Unavailable
from seiton.faces.findings import Finding, bad, good, warning
from seiton.text import _

if TYPE_CHECKING:
    from seiton.config import Settings


def media_servers(settings: Settings) -> Iterator[Finding]:
    """Does each answer, does it have the library, and would any of its settings fight with Seiton?"""
    if not settings.media_servers:
        return
    from seiton.adapters.http import HostPolicy, WebClient
    from seiton.adapters.servers import media_servers as configured

    policy = HostPolicy(frozenset(settings.private_hosts))
    web = WebClient(user_agent="Seiton doctor", timeout_s=30, max_redirects=0, policy=policy)
    library = os.path.abspath(os.fsencode(settings.library))
    movies = os.path.abspath(os.fsencode(settings.movies_root)) if settings.movies_root else None
    try:
        for server in configured(settings.media_servers, web):
            check = f"media server {server.name}"
            try:
                for caution in server.meet(library, movies):
                    if not caution.do:
                        yield good(check, caution.says)
                    else:
                        yield (bad if caution.is_bad else warning)(check, caution.says, caution.do)
            except Unavailable as error:
                do = _("See that it runs and that media_servers is right; Seiton files on without it.")
                yield warning(check, str(error), do)
    finally:
        web.close()
