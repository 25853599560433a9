"""From bytes to an XML tree, or a reason why not.

The parser is strict (a recovering one would silently drop or join entries), with no entities, no DTD
and no network. Two mistakes that real feeds make and that cannot be misread are mended first: an ``&``
that begins no XML entity, and bytes or characters that XML does not allow.
"""

from __future__ import annotations

import codecs
import re
from html.entities import html5

from lxml import etree

from seiton.adapters.feeds.feed import FeedError, FeedReason
from seiton.text import _

_PROLOG = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_DECLARED = re.compile(rb"^<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._-]+)", re.IGNORECASE)
_CDATA_OR_AMPERSAND = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?!(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9A-Fa-f]+);)([A-Za-z][A-Za-z0-9]*;)?",
    re.DOTALL,
)
_FORBIDDEN_BYTES = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_FORBIDDEN_REFERENCE = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcefBCEF]|1[0-9A-Fa-f]));"
)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_document(body: bytes, content_type: str | None) -> etree._Element:
    """Return the root element of ``body``. Raises ``FeedError``."""
    text = _as_parseable(body)
    if not text:
        raise FeedError(FeedReason.EMPTY, _("The answer is empty. Open the address in a browser to see why."))
    _refuse_other_kinds(text, content_type)
    charset = _charset(text, content_type)
    try:
        root = _parse(text, charset)
    except etree.XMLSyntaxError as first:
        try:
            root = _parse(_mended(text, charset), charset)
        except etree.XMLSyntaxError:
            raise _malformed(first) from first
    if root.getroottree().docinfo.internalDTD is not None:
        raise _forbidden()
    return root


def _as_parseable(body: bytes) -> bytes:
    """Return ``body`` in an encoding whose markup is ASCII, without byte order mark and outer space."""
    if body.startswith(_UTF16):
        decoded = body.decode("utf-16", "replace")
        body = re.sub(r"^\s*<\?xml.*?\?>", "", decoded, count=1, flags=re.DOTALL).encode()
    return body.removeprefix(codecs.BOM_UTF8).strip()


def _refuse_other_kinds(text: bytes, content_type: str | None) -> None:
    prolog = _PROLOG.match(text)
    root = text[prolog.end() if prolog else 0 :][:200].lower()
    if root.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        message = _(
            "The answer is a web page, not a feed. Look for the RSS link on that page, "
            "or for a login or protection that stands before it."
        )
        raise FeedError(FeedReason.HTML, message)
    if root.startswith(b"<!doctype"):
        raise _forbidden()
    if not root.startswith(b"<"):
        message = _(
            "The answer is not XML (content type: {type}). Check that the address is that of an RSS feed.",
            type=(content_type or _("none"))[:100],
        )
        raise FeedError(FeedReason.NOT_A_FEED, message)


def _charset(text: bytes, content_type: str | None) -> str | None:
    """Return the encoding that the transport names, where the document names none and is not UTF-8."""
    named = _CHARSET.search(content_type or "")
    if named is None or _DECLARED.match(text) or _is_utf8(text):
        return None
    try:
        return codecs.lookup(named[1]).name
    except LookupError:
        return None


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _parse(text: bytes, charset: str | None) -> etree._Element:
    parser = etree.XMLParser(
        encoding=charset,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    return etree.fromstring(text, parser)


def _mended(text: bytes, charset: str | None) -> bytes:
    declared = _DECLARED.match(text)
    name = declared[1].decode("ascii") if declared else charset or "utf-8"
    if name.lower() in ("utf-8", "utf8") and not _is_utf8(text):
        text = text.decode("utf-8", "replace").encode()
    text = _FORBIDDEN_REFERENCE.sub(b"", _FORBIDDEN_BYTES.sub(b"", text))
    return _CDATA_OR_AMPERSAND.sub(_mended_ampersand, text)


def _mended_ampersand(found: re.Match[bytes]) -> bytes:
    whole, name = found[0], found[1]
    if not whole.startswith(b"&"):
        return whole
    if name is None:
        return b"&amp;"
    character = html5.get(name.decode("ascii"))
    if character is None:
        return b"&amp;" + name
    return "".join(f"&#{ord(part)};" for part in character).encode("ascii")


def _malformed(error: etree.XMLSyntaxError) -> FeedError:
    message = _(
        "The feed is broken XML in line {line}: {fault}. Tell the site, or use another feed of it.",
        line=error.lineno or 1,
        fault=(error.msg or "").split(", line ")[0][:200],
    )
    return FeedError(FeedReason.MALFORMED, message)


def _forbidden() -> FeedError:
    message = _(
        "The feed declares a document type or entities of its own. That is refused because it can do harm; "
        "use another feed of the site."
    )
    return FeedError(FeedReason.FORBIDDEN_XML, message)
