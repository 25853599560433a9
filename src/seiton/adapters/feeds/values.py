"""Single values out of feeds: text, dates, sizes, hashes, URLs. None means "not there or not usable"."""

from __future__ import annotations

import base64
import html
import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, urljoin, urlsplit

from lxml import etree

SHANGHAI = timezone(timedelta(hours=8))
"""China has had one zone without summer time since 1991."""

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BIDI = frozenset("\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_SIZE = re.compile(r"^\s*([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([KMGT]?)i?B\s*$", re.IGNORECASE)
_FACTOR = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_HEX = re.compile(r"^[0-9a-fA-F]{40}$")
_BASE32 = re.compile(r"^[A-Za-z2-7]{32}$")
_HASH_NAME = re.compile(r"/([0-9a-fA-F]{40})\.torrent$", re.IGNORECASE)
_HASH_FOLDER = re.compile(r"/torrents?/([0-9a-fA-F]{40})/[^/]+\.torrent$", re.IGNORECASE)  # AnimeTosho
_UNSAFE_IN_URL = re.compile(r"[\x00-\x20\x7f<>\"{}|\\^`]")
_LARGEST = 2**63 - 1
_MOST_MARKUP = 100_000


def one_line(text: str) -> str:
    """Return ``text`` with HTML entities decoded once, white space collapsed and invisible controls gone."""
    decoded = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
    spaced = " ".join(decoded.split())
    kept = (c for c in spaced if c not in _BIDI and unicodedata.category(c) not in ("Cc", "Cs"))
    return " ".join("".join(kept).split())


def plain_text(markup: str, limit: int) -> str | None:
    """Return the words of an HTML fragment on one line, cut to ``limit`` characters."""
    text = markup[:_MOST_MARKUP]
    if "<" in text:
        text = _without_tags(text)
    words = one_line(text)
    return (words if len(words) <= limit else words[: limit - 1] + "…") or None


def _without_tags(markup: str) -> str:
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(markup.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        return re.sub(r"<[^<>]*>", " ", markup)
    if root is None:
        return ""
    etree.strip_elements(root, "script", "style", with_tail=False)
    return " ".join(str(part) for part in root.itertext())


def moment(text: str | None, zone: timezone = UTC) -> datetime | None:
    """Return an RFC 822 or ISO 8601 date in UTC; ``zone`` is meant where the text names none."""
    cleaned = (text or "").strip()
    if not cleaned:
        return None
    try:
        if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cleaned):
            parsed = datetime.fromisoformat(cleaned)
        else:
            parsed = parsedate_to_datetime(cleaned)
        aware = parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=zone)
        return aware.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def byte_size(text: str | None) -> int | None:
    """Return ``123`` or ``609.6 MiB`` in bytes, None for nothing and for 0.

    ``MB`` counts as 1024² too: that is what the sites mean (AnimeTosho: 316477946 bytes = "301.8 MB").
    """
    cleaned = (text or "").strip().replace(",", "")
    if cleaned.isascii() and cleaned.isdecimal():
        size = int(cleaned) if len(cleaned) < 20 else 0
    else:
        found = _SIZE.match(cleaned)
        if found is None:
            return None
        size = round(float(found[1]) * _FACTOR[found[2].upper()])
    return size if 0 < size <= _LARGEST else None


def info_hash(text: str | None) -> str | None:
    """Return a BitTorrent v1 info hash, given in hex or base32, as 40 lower-case hex digits."""
    cleaned = (text or "").strip()
    if _HEX.match(cleaned):
        return cleaned.lower()
    if _BASE32.match(cleaned):
        return base64.b32decode(cleaned.upper()).hex()
    return None


def hash_of_magnet(magnet: str | None) -> str | None:
    """Return the v1 info hash that a magnet names."""
    for topic in _topics(magnet):
        if topic.lower().startswith("urn:btih:"):
            return info_hash(topic[9:])
    return None


def hash_in_url(url: str) -> str | None:
    """Return the info hash that the path of a .torrent URL consists of."""
    path = urlsplit(url).path
    found = _HASH_NAME.search(path) or _HASH_FOLDER.search(path)
    return found[1].lower() if found else None


def is_magnet(text: str) -> bool:
    """Say whether ``text`` is a magnet for a torrent (v1 or v2)."""
    return any(
        hash_of_magnet(text) is not None or topic.lower().startswith("urn:btmh:") for topic in _topics(text)
    )


def _topics(magnet: str | None) -> list[str]:
    if magnet is None or not magnet[:8].lower().startswith("magnet:?"):
        return []
    try:
        pairs = parse_qsl(magnet[8:], max_num_fields=500)
    except ValueError:
        return []
    return [value for key, value in pairs if key == "xt" or key.startswith("xt.")]


def absolute_url(base: str, text: str | None, limit: int) -> str | None:
    """Return ``text`` as an absolute http or https URL, or a magnet, of at most ``limit`` characters."""
    cleaned = (text or "").strip()
    if not cleaned or len(cleaned) > limit:
        return None
    if cleaned[:7].lower() == "magnet:":
        return _escaped(cleaned, limit) if is_magnet(cleaned) else None
    try:
        joined = urljoin(base, cleaned)
        parts = urlsplit(joined)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return _escaped(joined, limit) if usable else None


def _escaped(url: str, limit: int) -> str | None:
    escaped = _UNSAFE_IN_URL.sub(lambda found: f"%{ord(found[0]):02X}", url)
    return escaped if len(escaped) <= limit else None
