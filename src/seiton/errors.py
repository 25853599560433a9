"""Errors that people read: each names what is wrong, where, and the way out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault in one field of what somebody sent.

    ``field`` is the name they used (``parse_regex``, ``--library``), ``message`` a translated
    sentence, ``code`` a stable word for programs. ``position``: the character of a pattern, from 0.
    """

    field: str
    message: str
    code: str = "invalid"
    position: int | None = None


class SeitonError(Exception):
    """Something went wrong that the person in front of it can do something about."""

    status = 500
    code = "error"

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (self.__doc__ or self.code).split("\n", maxsplit=1)[0])


class InvalidInput(SeitonError):
    """The input is not valid."""

    status = 422
    code = "invalid_input"

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{p.field}: {p.message}" for p in problems))


class Forbidden(SeitonError):
    """This is not allowed."""

    status = 403
    code = "forbidden"


class NotFound(SeitonError):
    """There is no such thing."""

    status = 404
    code = "not_found"


class Conflict(SeitonError):
    """It contradicts what is there already."""

    status = 409
    code = "conflict"


class Unavailable(SeitonError):
    """It cannot be done now; nothing was changed."""

    status = 503
    code = "unavailable"
