"""What is said of a module that does not let this Core in."""

from __future__ import annotations

from seiton.text import _


def refused(name: str) -> str:
    """Return the sentence on the module ``name``, with the way out."""
    return _(
        "{name} does not let this Core in: set service_tokens alike on both hosts, or name this one in its"
        " trusted_peers.",
        name=name,
    )
