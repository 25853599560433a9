"""One entry of a feed, read by the namespaces that feeds of torrents use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from lxml import etree

from seiton.adapters.feeds import values
from seiton.adapters.feeds.feed import (
    MAX_DESCRIPTION,
    MAX_GUID,
    MAX_TITLE,
    MAX_URL,
    FaultCode,
    FeedItem,
)
from seiton.domain.states import DownloadType
from seiton.text import _

RSS = frozenset({"", "http://purl.org/rss/1.0/", "http://my.netscape.com/rdf/simple/0.9/"})
ATOM = frozenset({"http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#"})
OWN = RSS | ATOM
MIKAN = "https://mikanani.me/0.1/"
EZRSS = frozenset({"http://xmlns.ezrss.it/0.1/", "https://xmlns.ezrss.it/0.1/", "//xmlns.ezrss.it/0.1/"})
NYAA = "https://nyaa.si/xmlns/nyaa"
SUBSPLEASE = "https://subsplease.org/rss"
SHOWRSS = frozenset({"http://showrss.info/", "https://showrss.info/"})
ATTRIBUTES = frozenset(
    {"http://torznab.com/schemas/2015/feed", "http://www.newznab.com/DTD/2010/feeds/attributes/"}
)
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"

_TORRENT_TYPE = "application/x-bittorrent"
_USENET_TYPE = "application/x-nzb"
_ATTRIBUTE_FACTS = {
    "seeders": "seeders",
    "peers": "peers",
    "grabs": "grabs",
    "tvdbid": "tvdb",
    "tmdbid": "tmdb",
    "imdb": "imdb",
    "imdbid": "imdb",
    "anidbid": "anidb",
    "team": "subgroup",
}
_MAX_FACT = 300
_VIDEO = (".mkv", ".mp4", ".m4v", ".avi", ".webm", ".ts")


class Unusable(Exception):
    """The entry cannot be used; becomes a ``FeedFault``."""

    def __init__(self, code: FaultCode, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One way to get the files."""

    url: str
    type: DownloadType


class Entry:
    """Looks things up in one ``<item>`` or ``<entry>``."""

    def __init__(self, element: etree._Element, base: str) -> None:
        self._base = base
        self._fields: dict[tuple[str, str], list[etree._Element]] = {}
        for child in element.iterchildren():
            self._note(child)
            if etree.QName(child).localname == "torrent":  # Mikan and ezRSS wrap their fields
                for inner in child.iterchildren():
                    self._note(inner)
        self._about = element.get(RDF_ABOUT)
        self._attributes = self._read_attributes()

    def _note(self, element: etree._Element) -> None:
        name = etree.QName(element)
        self._fields.setdefault((name.namespace or "", name.localname), []).append(element)

    def _read_attributes(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for namespace in ATTRIBUTES:
            for element in self._fields.get((namespace, "attr"), []):
                found.setdefault((element.get("name") or "").lower(), element.get("value") or "")
        return found

    def elements(self, names: tuple[str, ...], namespaces: frozenset[str] = OWN) -> Iterator[etree._Element]:
        """Yield the children with one of ``names``, in the order of ``names``."""
        for name in names:
            for namespace in sorted(namespaces):
                yield from self._fields.get((namespace, name), [])

    def text(self, *names: str, namespaces: frozenset[str] = OWN) -> str:
        """Return the text of the first of ``names`` that has any."""
        for element in self.elements(names, namespaces):
            text = " ".join(str(part) for part in element.itertext()).strip()
            if text:
                return text
        return ""

    def links(self) -> Iterator[tuple[str, str, str]]:
        """Yield ``(relation, type, address)`` of every link, as they stand."""
        for element in self.elements(("link",)):
            href = element.get("href")
            if href is not None:
                yield element.get("rel") or "alternate", (element.get("type") or "").lower(), href
            else:
                yield "alternate", "", element.text or ""

    def enclosures(self) -> Iterator[tuple[str, str]]:
        """Yield ``(type, address)`` of every enclosure of RSS and Atom."""
        for element in self.elements(("enclosure",)):
            yield (element.get("type") or "").lower(), element.get("url") or ""
        for relation, kind, href in self.links():
            if relation == "enclosure":
                yield kind, href

    def title(self) -> str:
        """Return the title; raises ``Unusable``."""
        title = values.one_line(self.text("title"))
        if not title:
            raise Unusable(FaultCode.NO_TITLE, _("The entry has no title."))
        if len(title) > MAX_TITLE:
            message = _("The title has {n} characters; {limit} are allowed.", n=len(title), limit=MAX_TITLE)
            raise Unusable(FaultCode.TITLE_TOO_LONG, message)
        if "\ufffd" in title:
            message = _("The title holds bytes that are not in the encoding that the feed names.")
            raise Unusable(FaultCode.TITLE_GARBLED, message)
        return title

    def offer(self) -> Offer:
        """Return the best way to get the files: torrent enclosure, magnet, torrent link, plain file.

        Raises ``Unusable``.
        """
        enclosures = list(self.enclosures())
        found = self._torrent_enclosure(enclosures) or self._magnet_offer() or self._torrent_link()
        return found or self._plain_file(enclosures)

    def _torrent_enclosure(self, enclosures: list[tuple[str, str]]) -> Offer | None:
        for kind, address in enclosures:
            url = self._absolute(address)
            if url is None or _is_usenet(kind, url):
                continue
            if url.startswith("magnet:"):
                return Offer(url=url, type=DownloadType.MAGNET)
            if kind.startswith(_TORRENT_TYPE) or _names_torrent(url):
                return Offer(url=url, type=DownloadType.TORRENT)
        return None

    def _magnet_offer(self) -> Offer | None:
        magnet = self.magnet()
        return Offer(url=magnet, type=DownloadType.MAGNET) if magnet else None

    def _torrent_link(self) -> Offer | None:
        for _relation, kind, address in [*self.links(), ("", "", self.text("guid"))]:
            url = self._absolute(address)
            if url is not None and (kind.startswith(_TORRENT_TYPE) or _names_torrent(url)):
                return Offer(url=url, type=DownloadType.TORRENT)
        return None

    def _plain_file(self, enclosures: list[tuple[str, str]]) -> Offer:
        for kind, address in enclosures:
            url = self._absolute(address)
            if url is not None and not _is_usenet(kind, url) and not kind.startswith(("image/", "text/")):
                return Offer(url=url, type=DownloadType.HTTP)
        for _relation, _kind, address in self.links():
            url = self._absolute(address)
            if url is not None and urlsplit(url).path.lower().endswith(_VIDEO):
                return Offer(url=url, type=DownloadType.HTTP)
        if any(_is_usenet(kind, address) for kind, address in enclosures):
            message = _("The entry offers only a Usenet file (NZB), which Seiton cannot fetch.")
            raise Unusable(FaultCode.USENET, message)
        if any(address.strip() for _kind, address in enclosures):
            message = _("The entry's download address is not a usable http, https or magnet address.")
            raise Unusable(FaultCode.BAD_URL, message)
        raise Unusable(FaultCode.NO_DOWNLOAD, _("The entry links to no torrent, magnet or file."))

    def magnet(self) -> str | None:
        """Return the magnet, from wherever the feed has it."""
        candidates = [
            *(address for _kind, address in self.enclosures()),
            *(address for _relation, _kind, address in self.links()),
            self._attributes.get("magneturl", ""),
            self.text("magnetURI", namespaces=EZRSS | OWN),
            self.text("guid", "id"),
        ]
        for candidate in candidates:
            if candidate.strip()[:7].lower() == "magnet:":
                url = self._absolute(candidate)
                if url is not None:
                    return url
        return None

    def info_hash(self, offer: Offer) -> str | None:
        """Return the info hash of what ``offer`` leads to; a magnet's own goes before what the feed says."""
        if offer.type is DownloadType.MAGNET:
            return values.hash_of_magnet(offer.url)
        told = (
            self.text("infoHash", namespaces=EZRSS | {NYAA}),
            self._attributes.get("infohash"),
            self.text("info_hash", namespaces=SHOWRSS | OWN),
        )
        for text in told:
            found = values.info_hash(text)
            if found is not None:
                return found
        return values.hash_in_url(offer.url) or values.hash_of_magnet(self.magnet())

    def size(self) -> int | None:
        """Return the size in bytes. Enclosure lengths come late: many sites write 0, 1 or 100000 there."""
        told = [
            self._attributes.get("size"),
            self.text("contentLength", namespaces=EZRSS | {MIKAN}),
            self.text("size", namespaces=OWN | {NYAA, SUBSPLEASE}),
            *(element.get("length") for element in self.elements(("enclosure", "link"))),
        ]
        sizes = (values.byte_size(text) for text in told)
        return next((size for size in sizes if size is not None and size > 1), None)

    def pub_date(self) -> datetime | None:
        """Return when it was published, in UTC. Mikan's own dates name no zone and mean Shanghai's."""
        of_mikan = values.moment(self.text("pubDate", namespaces=frozenset({MIKAN})), values.SHANGHAI)
        general = self.text("pubDate", "published", "issued", "updated", "modified")
        other = self.text("date", namespaces=frozenset({DUBLIN_CORE}))
        return of_mikan or values.moment(general) or values.moment(other)

    def page_url(self, offer: Offer) -> str | None:
        """Return the page about the entry."""
        candidates = [
            *(address for relation, _kind, address in self.links() if relation == "alternate"),
            self.text("comments"),
            *(guid for guid in [self.text("guid")] if guid.startswith(("http://", "https://"))),
        ]
        for candidate in candidates:
            url = self._absolute(candidate)
            if url is not None and not url.startswith("magnet:") and url != offer.url:
                return url
        return None

    def facts(self) -> dict[str, str]:
        """Return what the feed says besides."""
        found = {
            "subgroup": self.text("author", namespaces=RSS),
            "category": self.text("category", namespaces=RSS | {NYAA}),
            "seeders": self.text("seeders", namespaces=OWN | {NYAA}),
            "peers": self.text("leechers", namespaces=OWN | {NYAA}),
        }
        for name, fact in _ATTRIBUTE_FACTS.items():
            found[fact] = self._attributes.get(name) or found.get(fact, "")
        lines = {name: values.one_line(text) for name, text in found.items()}
        return {name: text for name, text in lines.items() if text.strip("-") and len(text) <= _MAX_FACT}

    def guid(self) -> str | None:
        """Return the feed's own id of the entry."""
        text = values.one_line(self.text("guid", "id") or self._about or "")
        return text[:MAX_GUID] or None

    def description(self) -> str | None:
        """Return the description as plain text."""
        return values.plain_text(self.text("description", "summary", "content"), MAX_DESCRIPTION)

    def _absolute(self, address: str) -> str | None:
        return values.absolute_url(self._base, address, MAX_URL)


def read_entry(element: etree._Element, base: str, shared_facts: dict[str, str]) -> FeedItem:
    """Return one entry, addresses resolved against ``base``; raises ``Unusable``."""
    entry = Entry(element, base)
    title = entry.title()
    offer = entry.offer()
    info_hash = entry.info_hash(offer)
    magnet = entry.magnet()
    if magnet is not None and values.hash_of_magnet(magnet) != info_hash:
        magnet = None  # it would bring another torrent than the one recorded
    return FeedItem(
        title=title,
        download_url=offer.url,
        download_type=offer.type,
        guid=entry.guid(),
        description=entry.description(),
        pub_date=entry.pub_date(),
        size=entry.size(),
        info_hash=info_hash,
        page_url=entry.page_url(offer),
        magnet=magnet,
        facts={**entry.facts(), **shared_facts},
    )


def title_of(element: etree._Element) -> str | None:
    """Return the title of an entry that cannot be used, for the message about it."""
    return values.plain_text(Entry(element, "").text("title"), 200)


def _is_usenet(kind: str, url: str) -> bool:
    return kind.startswith(_USENET_TYPE) or url.partition("?")[0].lower().endswith(".nzb")


def _names_torrent(url: str) -> bool:
    """Say whether a URL leads to a .torrent by its look, SubsPlease's and old Nyaa's included."""
    if url.startswith("magnet:"):
        return False
    path, _mark, query = url.partition("#")[0].partition("?")
    if path.lower().endswith((".torrent", "/torrent")):
        return True
    return "page=download" in query.split("&") or ".torrent" in query.lower()
