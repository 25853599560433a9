"""What can be wrong with a torrent client in another process, said so that a person can act on it."""

from __future__ import annotations

from collections.abc import Iterator

from seiton.adapters.torrents.port import ClientAway, ClientRefuses
from seiton.adapters.torrents.program import Version
from seiton.text import _


def numbers_of(version: str) -> Version:
    """Return the numbers of ``v4.5.2``, ``3.00 (bb6b5a062e)``, ``1.36.0``; () for what is no version."""
    number = version.strip().removeprefix("v").split(" ")[0].split("-")[0]
    parts = number.split(".")
    if len(parts) < 2 or len(number) > 20:
        return ()
    found = []
    for part in parts:
        digits = "".join(character for character in part if character.isascii() and character.isdigit())
        if not digits or not part[0].isdigit():
            return ()
        found.append(int(digits))
    return tuple(found)


def not_like(kind: str, address: str) -> ClientAway:
    """Return the fault that something else answers: a login page, a proxy, another program."""
    message = _(
        "{address} answers, but not like {name}: is it a proxy, its login page, or another program?",
        name=kind,
        address=address,
    )
    return ClientAway(message)


def refuses(kind: str, address: str) -> ClientRefuses:
    """Return the fault that the user name or password is wrong, or was too often."""
    message = _(
        "{name} at {address} does not take the user name or password, or has banned this machine for wrong"
        " ones. Correct torrent_client.user and torrent_client.password and start Seiton again: it tries no"
        " more.",
        name=kind,
        address=address,
    )
    return ClientRefuses(message)


def unreached(kind: str, address: str, error: BaseException, timeout_s: float) -> ClientAway:
    """Return the fault that ``error``, of whatever library, tells of: too slow, or not there."""
    causes = list(_causes(error))
    if any(isinstance(cause, TimeoutError) or "timeout" in type(cause).__name__.lower() for cause in causes):
        message = _(
            "{name} at {address} did not answer within {seconds} s.",
            name=kind,
            address=address,
            seconds=timeout_s,
        )
        return ClientAway(message)
    reasons = [cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror]
    reason = reasons[-1] if reasons else type(causes[-1]).__name__
    message = _("{name} at {address} cannot be reached: {reason}.", name=kind, address=address, reason=reason)
    return ClientAway(message)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what led to it, however its library wrapped that."""
    todo: list[object] = [error]
    seen: set[int] = set()
    while todo:
        cause = todo.pop()
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        todo += [*cause.args, getattr(cause, "reason", None), cause.__context__, cause.__cause__]
