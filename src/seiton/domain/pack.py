"""The built-in parser pack: ordinary parser rules, each with its purpose and with titles that are its tests.

The file (``data/parsers.toml``) is read by the caller; this module makes rules from its text. In it, a
pattern may name a fragment in double angle brackets, ``<<season>>``; what the user sees is the expanded
pattern. The groups of a rule's pattern are its fields: see ``GROUPS``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seiton.domain.rules import STRUCTURAL_GROUPS, FieldSource, ParserRule
from seiton.domain.states import ParserKind, SourceType

GROUPS: Mapping[str, str] = {
    "title": "anime_title",
    "episode": "episode_no",
    "last": "episode_end",
    "season": "series_no",
    "group": "subtitle_group",
    "resolution": "resolution",
    "year": "year",
}
"""Which field of a parser a named group fills."""

_FRAGMENT = re.compile(r"<<([a-z_]+)>>")
_DEPTH = 5
"""How deep fragments may name fragments."""


class PackError(ValueError):
    """The text is not a parser pack; the message names the rule and what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """The title of a release that a rule reads, and what it must take from it.

    ``expected`` goes by the names of ``GROUPS``, ``version`` and ``tenths``; what is not named is absent.
    """

    release: str
    expected: Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackRule:
    """One rule. ``key`` names it in every version of the pack, ``shapes`` says which titles it is for."""

    key: str
    shapes: str
    rule: ParserRule
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A version of the pack, its rules in the order of the file; the structural one is among them."""

    version: int
    rules: tuple[PackRule, ...]


def read_pack(text: str) -> Pack:
    """Return the pack in ``text`` (TOML); raise ``PackError``.

    Whether the patterns are in the dialect is for ``check_rule`` to say. ``parser_id`` only numbers the rules
    from 1; whoever stores them gives real ones.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PackError(f"not TOML: {error}") from error
    fragments = document.get("fragments", {})
    version, entries = document.get("version"), document.get("rule")
    if not isinstance(version, int) or not isinstance(entries, list):
        raise PackError("a pack needs a version and at least one [[rule]]")
    rules = tuple(_rule(number, entry, fragments) for number, entry in enumerate(entries, start=1))
    if len({rule.key for rule in rules}) != len(rules):
        raise PackError("two rules have the same key")
    return Pack(version=version, rules=rules)


def _rule(number: int, entry: Mapping[str, Any], fragments: Mapping[str, str]) -> PackRule:
    key = entry.get("key", f"rule {number}")
    is_structural = "edition" in entry
    needed = ("key", "name", "shapes", "priority", "condition" if is_structural else "parse", "example")
    missing = [name for name in needed if name not in entry]
    if missing:
        raise PackError(f"{key}: {', '.join(missing)} missing")
    parse = "" if is_structural else _expanded(entry["parse"], fragments, key)
    sources = (
        {
            field: FieldSource(source=SourceType.REGEX, value=f"${group}")
            for field, group in STRUCTURAL_GROUPS.items()
        }
        if is_structural
        else {
            field: FieldSource(source=SourceType.REGEX, value=f"${group}")
            for group, field in GROUPS.items()
            if f"(?<{group}>" in parse
        }
    )
    if "anime_title" not in sources or "episode_no" not in sources:
        raise PackError(f"{key}: the pattern needs the groups title and episode")
    rule = ParserRule(
        parser_id=number,
        name=entry["name"],
        priority=entry["priority"],
        kind=ParserKind.STRUCTURAL if is_structural else ParserKind.PATTERN,
        is_builtin=True,
        edition=entry.get("edition", 0),
        condition_regex=_expanded(entry.get("condition", parse), fragments, key),
        parse_regex=parse,
        anime_title=sources["anime_title"],
        episode_no=sources["episode_no"],
        series_no=sources.get("series_no"),
        subtitle_group=sources.get("subtitle_group"),
        resolution=sources.get("resolution"),
        year=sources.get("year"),
        episode_end=sources.get("episode_end"),
    )
    examples = tuple(
        Example(release=example["release"], expected={k: v for k, v in example.items() if k != "release"})
        for example in entry["example"]
    )
    return PackRule(key=key, shapes=entry["shapes"], rule=rule, examples=examples)


def _expanded(pattern: str, fragments: Mapping[str, str], key: str) -> str:
    for _ in range(_DEPTH):
        unknown = [name for name in _FRAGMENT.findall(pattern) if name not in fragments]
        if unknown:
            raise PackError(f"{key}: no fragment {unknown[0]}")
        if not _FRAGMENT.search(pattern):
            return pattern
        pattern = _FRAGMENT.sub(lambda match: fragments[match[1]], pattern)
    raise PackError(f"{key}: fragments inside each other, deeper than {_DEPTH}")
