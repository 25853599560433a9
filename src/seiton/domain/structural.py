"""The structural reader as a parser: what it finds, with the fixed values and the offset of its rule."""

from __future__ import annotations

from seiton.domain.dialect import Finder, compile_pattern
from seiton.domain.metadata import MAX_NUMBER
from seiton.domain.reading import ParsedTitle, parse
from seiton.domain.rules import Failed, Matched, ParserRule
from seiton.domain.states import SourceType
from seiton.domain.title_values import TEMPLATES, Episode, Fault, episode_of, series_of, text_of, year_of

_ABSENT = {"series_no": 1, "episode_end": None}
"""What a field is that the rule leaves out, where this is not None."""


class StructuralReader:
    """Reads the titles that the condition is for by their structure.

    A title that the reader cannot file (no episode, an opening, …) is none of its titles: nothing is made
    up, and it stays without a match.
    """

    __slots__ = ("_applies", "_fixed", "behaviour", "needles", "rule")

    def __init__(self, rule: ParserRule) -> None:
        self.rule = rule
        self.behaviour = rule.behaviour()
        self.needles = tuple(dict.fromkeys(compile_pattern(rule.condition_regex).needles))
        self._applies: Finder | None = None
        self._fixed = _fixed_values(rule)

    def read(self, title: str, raw: bytes) -> Matched | Failed | None:
        """Read a title as the engine sees it; None when this rule is not for it, or nothing can be read."""
        applies = self._applies or self._compile()
        if applies(raw)[0][0] < 0:
            return None
        found = parse(title)
        if not isinstance(found, ParsedTitle):
            return None
        offset = self.rule.episode_offset
        if not self._fixed and not offset:
            return Matched(self.rule.parser_id, found)
        return self._adapted(found, offset)

    def skeleton(self) -> str:
        """Return a pattern that requires the literals of the condition; not for matching."""
        return compile_pattern(self.rule.condition_regex).skeleton()

    def screen(self) -> str:
        """Return the condition without its groups."""
        return compile_pattern(self.rule.condition_regex).screen()

    def _compile(self) -> Finder:
        self._applies = compile_pattern(self.rule.condition_regex).finder(())
        return self._applies

    def _adapted(self, found: ParsedTitle, offset: int) -> Matched | Failed:
        parsed = found._replace(**self._fixed)  # type: ignore[arg-type]
        first, last = parsed.episode_no + offset, parsed.episode_end
        last = None if last is None else last + offset
        if not 0 <= first <= MAX_NUMBER or (last is not None and last > MAX_NUMBER):
            return self._failed("episode_offset", "number_range", {"found": first, "most": MAX_NUMBER})
        if last is not None and last <= first:
            if last < first:
                return self._failed("episode_end", "range_backwards", {"first": first, "last": last})
            last = None
        parsed = parsed._replace(episode_no=first, episode_end=last)
        return Matched(parser_id=self.rule.parser_id, parsed=parsed)

    def _failed(self, field: str, code: str, values: dict[str, object]) -> Failed:
        return Failed(
            parser_id=self.rule.parser_id, field=field, code=code, template=TEMPLATES[code], values=values
        )


def _fixed_values(rule: ParserRule) -> dict[str, object]:
    """Return what a checked rule says whatever the reader finds: fixed values, and fields left out."""
    fixed: dict[str, object] = {}
    for field, source in rule.sources():
        if source is None:
            fixed[field] = _ABSENT.get(field)
        elif source.source is SourceType.STATIC:
            fixed.update(_read(field, source.value.encode()))
    return {} if fixed == {"season": None} else fixed


def _read(field: str, raw: bytes) -> dict[str, object]:
    value: object = text_of(raw)
    if field == "year":
        value = year_of(raw)
    elif field == "series_no":
        value = series_of(raw)
    elif field in ("episode_no", "episode_end"):
        value = episode_of(raw)
    if isinstance(value, Fault):
        raise ValueError(f"{field}: not a checked rule")
    if not isinstance(value, Episode):
        return {field: value}
    if field == "episode_end":
        return {field: value.number}
    return {field: value.number, "episode_tenths": value.tenths, "version": value.version}
