"""Renew our elements in an NFO that a user edited, and leave everything else as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from lxml import etree

from seiton.domain.nfo import DECLARATION

MAX_BYTES = 1 << 20
"""Larger files are not NFOs."""


class WhyUnreadable(StrEnum):
    """Why an NFO is left alone."""

    TOO_LARGE = "too_large"  #: more than ``MAX_BYTES``
    ENCODING = "encoding"  #: neither UTF-8 nor UTF-16 with a mark
    MALFORMED = "malformed"  #: not XML, or XML with a document type or unknown entities
    ANOTHER_ROOT = "another_root"  #: about another kind of thing
    MORE_EPISODES = "more_episodes"  #: describes more episodes than the file holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """The user's NFO cannot be merged and must not be replaced; ``detail`` is for the log."""

    reason: WhyUnreadable
    detail: str = ""


def merge(existing: bytes, ours: bytes) -> bytes | Unreadable:
    """Return ``existing`` with the elements of ``ours`` renewed in place, the missing ones added.

    An element is the same one if its tag is, and for ``uniqueid`` its type, for ``namedseason`` its
    number, for ``genre``, ``studio`` and ``tag`` its text. Every other element, attribute, comment and
    text of the user stays where it is; so does an element that ``ours`` does not have. Merging twice
    changes nothing further. What described an episode and is now a film's loses the numbers, and the reverse.
    An empty file becomes ``ours``. ``ours`` comes from ``domain.nfo``; ValueError if it cannot be read.
    """
    document = parse_nfo(existing)
    if isinstance(document, Unreadable):
        return document
    if not len(document) and not (document.text or "").strip():
        return ours
    return _merge_documents(document, _our_blocks(ours))


def parse_nfo(content: bytes) -> etree._Element | Unreadable:
    """Return an element around all blocks of an NFO, or why it cannot be read. An empty one has none."""
    if len(content) > MAX_BYTES:
        return Unreadable(reason=WhyUnreadable.TOO_LARGE, detail=str(len(content)))
    text = _decode(content)
    if text is None:
        return Unreadable(reason=WhyUnreadable.ENCODING)
    try:
        return _parse(text)
    except etree.XMLSyntaxError as error:
        return Unreadable(reason=WhyUnreadable.MALFORMED, detail=str(error))


def _merge_documents(document: etree._Element, ours: list[etree._Element]) -> bytes | Unreadable:
    blocks = _elements(document)
    if len(blocks) == 1:
        _become(blocks[0], ours[0])
    if not blocks or (document.text or "").strip():
        return Unreadable(reason=WhyUnreadable.MALFORMED, detail="no XML element at the beginning")
    strangers = [str(block.tag) for block in blocks if block.tag != ours[0].tag]
    if strangers:
        return Unreadable(reason=WhyUnreadable.ANOTHER_ROOT, detail=strangers[0])
    if len(blocks) > len(ours):
        return Unreadable(reason=WhyUnreadable.MORE_EPISODES, detail=str(len(blocks)))
    for block, our_block in zip(blocks, ours, strict=False):
        _renew_block(block, our_block)
    _append_blocks(document, blocks[-1], ours[len(blocks) :])
    parts = [etree.tostring(node, encoding="unicode", with_tail=True) for node in document]
    return (DECLARATION + "".join(parts).strip() + "\n").encode()


_DECLARED = re.compile(r"""\s*<\?xml\s[^?>]*?(?:encoding\s*=\s*["']([A-Za-z0-9._-]+)["'][^?>]*)?\?>""")
_OF_KIND: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "episodedetails": frozenset(
            {"showtitle", "season", "episode", "episodenumberend", "displayseason", "displayepisode", "aired"}
        ),
        "movie": frozenset({"premiered", "year"}),
    }
)
"""Roots of NFOs beside videos, and which of our elements only they have."""
_SAME_BY_TEXT = frozenset({"genre", "studio", "tag"})
_SAME_BY_ATTRIBUTE = {"uniqueid": "type", "namedseason": "number"}


def _become(block: etree._Element, ours: etree._Element) -> None:
    """Make what described an episode describe a film, or the reverse: what only the other has goes."""
    tag = str(block.tag)
    if tag not in _OF_KIND or ours.tag not in _OF_KIND or tag == ours.tag:
        return
    for element in _elements(block):
        if element.tag in _OF_KIND[tag] or _key(element) == ("uniqueid", "bangumi"):
            _take_out(block, element)
    block.tag = ours.tag


def _take_out(block: etree._Element, element: etree._Element) -> None:
    """Remove an element, but not the text behind it."""
    before = element.getprevious()
    if (element.tail or "").strip():
        if before is None:
            block.text = (block.text or "") + (element.tail or "")
        else:
            before.tail = (before.tail or "") + (element.tail or "")
    block.remove(element)


def _decode(data: bytes) -> str | None:
    utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        return None
    declared = _DECLARED.match(text)
    encoding = ((declared[1] if declared else None) or "utf-8").lower()
    return text if utf16 or encoding in ("utf-8", "utf8", "us-ascii", "ascii") else None


def _parse(text: str) -> etree._Element:
    """Return an element around all that ``text`` has, so that several roots can be read; inside it a
    document type, and with it every entity, is a syntax error.
    """
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        strip_cdata=False,
    )
    inner = text[match.end() :] if (match := _DECLARED.match(text)) else text
    return etree.fromstring(f"<nfo>{inner}</nfo>".encode("utf-8", "replace"), parser)


def _our_blocks(ours: bytes) -> list[etree._Element]:
    try:
        return _elements(_parse(ours.decode()))
    except (UnicodeDecodeError, etree.XMLSyntaxError) as error:
        raise ValueError("not an NFO of ours") from error


def _elements(parent: etree._Element) -> list[etree._Element]:
    return [child for child in parent if isinstance(child.tag, str)]


def _key(element: etree._Element) -> tuple[str, str]:
    tag = str(element.tag)
    if tag in _SAME_BY_TEXT:
        return tag, (element.text or "").strip()
    if tag in _SAME_BY_ATTRIBUTE:
        return tag, element.get(_SAME_BY_ATTRIBUTE[tag], "").strip().casefold()
    return tag, ""


def _renew_block(block: etree._Element, ours: etree._Element) -> None:
    theirs: dict[tuple[str, str], list[etree._Element]] = {}
    for element in _elements(block):
        theirs.setdefault(_key(element), []).append(element)
    our_elements = _elements(ours)
    our_keys = {_key(element) for element in our_elements}
    user_default = any(
        key[0] == "uniqueid" and key not in our_keys and any(e.get("default") == "true" for e in found)
        for key, found in theirs.items()
    )
    last: etree._Element | None = None
    for element in our_elements:
        if user_default and "default" in element.attrib:
            del element.attrib["default"]
        if found := theirs.get(_key(element)):
            for each in found:
                _renew(each, element)
            last = found[-1]
        else:
            last = _insert(block, last, element)


def _renew(theirs: etree._Element, ours: etree._Element) -> None:
    if ours.tag == "uniqueid" and "default" in theirs.attrib:
        del theirs.attrib["default"]
    _set_attributes(theirs, ours)
    if theirs.text == ours.text and not len(theirs):
        return
    for child in list(theirs):
        child.tail = None
        if isinstance(child.tag, str):
            theirs.remove(child)
    theirs.text = ours.text


def _set_attributes(element: etree._Element, ours: etree._Element) -> None:
    for name, value in ours.attrib.items():
        element.set(name, value)


def _insert(block: etree._Element, after: etree._Element | None, ours: etree._Element) -> etree._Element:
    """Put a copy of ``ours`` behind ``after`` (or first), indented like its new neighbours."""
    new = etree.Element(ours.tag)
    _set_attributes(new, ours)
    new.text = ours.text
    if after is None:
        first = block.text or ""
        new.tail = first if len(block) and not first.strip() else "\n"
        if not first.strip() and not len(block):
            block.text = "\n  "  # assigned only here: assigning would turn a user's CDATA into plain text
        block.insert(0, new)
        return new
    new.tail = after.tail if not (after.tail or "").strip() else None
    if not (after.tail or "").strip():
        after.tail = block.text if block.text and not block.text.strip() else "\n  "
    block.insert(block.index(after) + 1, new)
    return new


def _append_blocks(document: etree._Element, last: etree._Element, more: list[etree._Element]) -> None:
    for block in more:
        position = document.index(last) + 1
        block.tail, last.tail = last.tail, "\n"
        document.insert(position, block)
        last = block
