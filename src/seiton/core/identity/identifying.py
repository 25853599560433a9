"""The background work of identity: ids from pages, then facts by ids. Files never wait for it."""

from __future__ import annotations

from seiton.core.identity.knowing import learn
from seiton.core.identity.lookups import find_ids
from seiton.core.service import Core


def identify(core: Core) -> None:
    """Find out what can be found out now. Safe to call at any time, any number of times."""
    while find_ids(core):
        pass
    while learn(core):
        pass
