"""What requests are made of, with bounds that every database can hold."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import unquote_plus

from fastapi import Path, Query, Request
from pydantic import AfterValidator, Field
from starlette.concurrency import run_in_threadpool

from seiton.errors import InvalidInput, Problem
from seiton.text import _

MOST = 2**63 - 1
"""The largest whole number of both databases."""

MOST_CHARACTERS = 10_000
MOST_DEEP = 50


def cap(most: int) -> AfterValidator:
    """Lower a limit to ``most``, as the contract has it, instead of refusing it."""
    return AfterValidator(lambda value: min(value, most))


Id = Annotated[int, Field(ge=1, le=MOST)]
IdInPath = Annotated[int, Path(ge=1, le=MOST)]
Small = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
Prose = Annotated[str, Field(max_length=MOST_CHARACTERS)]
Offset = Annotated[int, Query(ge=0, le=MOST)]
OptionalLimit = Annotated[int | None, Query(ge=0, le=MOST, description="All, when it is left out.")]

# NUL, half a surrogate pair, and numbers that JSON does not have: the only things that need a closer look.
_SUSPICIOUS = re.compile(rb"\x00|\\u0000|\\u[dD][89a-fA-F]|NaN|Infinity|[eE]\+?[0-9]{3}")


async def storable(request: Request) -> None:
    """Refuse what no database can store: NUL, lone surrogates, NaN and infinity, objects of absurd depth."""
    for pair in request.scope["query_string"].decode("latin-1").split("&"):
        if "\0" in unquote_plus(pair):
            raise InvalidInput([Problem(field=unquote_plus(pair.partition("=")[0]), message=_no_nul())])
    if "\0" in request.scope["path"]:
        raise InvalidInput([Problem(field="path", message=_no_nul())])
    body = await request.body()
    if not _SUSPICIOUS.search(body):
        return
    try:
        content = await request.json()
    except (ValueError, RecursionError):  # whoever needs JSON says so
        return
    problems = await run_in_threadpool(lambda: list(_unstorable(content, "", 0)))
    if problems:
        raise InvalidInput(problems)


def plain_json(value: dict[str, Any] | None) -> dict[str, Any] | None:
    """Check an object that is stored as it is. Raises ``ValueError``."""
    for problem in _unstorable(value, "", 0):
        raise ValueError(problem.message)
    if len(json.dumps(value)) > MOST_CHARACTERS:
        raise ValueError(_("This is too long: at most {most}.", most=MOST_CHARACTERS))
    return value


def _no_nul() -> str:
    return _("A text cannot contain the character NUL.")


def _unstorable(value: object, at: str, depth: int) -> Iterator[Problem]:
    if depth > MOST_DEEP:
        yield Problem(field=at, message=_("This is nested too deeply."))
    elif isinstance(value, str):
        if "\0" in value:
            yield Problem(field=at or "body", message=_no_nul())
        elif any("\ud800" <= char <= "\udfff" for char in value):
            yield Problem(field=at or "body", message=_("This text contains half of a character."))
    elif isinstance(value, float) and not math.isfinite(value):
        yield Problem(field=at or "body", message=_("Give a number."))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _unstorable(key, at, depth + 1)
            yield from _unstorable(inner, f"{at}.{key}".lstrip("."), depth + 1)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _unstorable(inner, f"{at}.{number}".lstrip("."), depth + 1)


def words_of(field: str, sent: str | None, allowed: type[StrEnum]) -> list[str]:
    """Split ``a,b`` into words of the enum ``allowed``. Raises ``InvalidInput``."""
    known = [member.value for member in allowed]
    words = [word.strip() for word in (sent or "").split(",") if word.strip()]
    if wrong := [word for word in words if word not in known]:
        message = _("{found} is none of them: choose from {kinds}.", found=wrong[0], kinds=", ".join(known))
        raise InvalidInput([Problem(field=field, message=message)])
    return words
