"""Feeds made to order: what is read from them, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.sax.saxutils import escape

import pytest

from seiton.adapters.feeds import (
    FaultCode,
    Feed,
    FeedError,
    FeedItem,
    FeedKind,
    FeedReason,
    kind_of,
    read_feed,
    values,
)
from seiton.domain.states import DownloadType

URL = "https://feeds.example/list/rss.xml?token=1"
HASH = "0123456789abcdef0123456789abcdef01234567"
BASE32 = "AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH"
MAGNET = f"magnet:?xt=urn:btih:{HASH}&dn=x"
TORRENT = '<enclosure url="https://h/1.torrent" type="application/x-bittorrent"/>'
NAMESPACES = (
    'xmlns:nyaa="https://nyaa.si/xmlns/nyaa" xmlns:torznab="http://torznab.com/schemas/2015/feed" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"'
)


def rss(*items: str, head: str = "<title>T</title>") -> bytes:
    inside = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0" {NAMESPACES}><channel>{head}{inside}</channel></rss>'.encode()


def read(*items: str) -> Feed:
    return read_feed(rss(*items), url=URL)


def one(*parts: str) -> FeedItem:
    feed = read("".join(parts))
    assert feed.faults == ()
    return feed.items[0]


def fault_of(item: str) -> FaultCode:
    feed = read(item, f"<title>good</title>{TORRENT}")
    assert [kept.title for kept in feed.items] == ["good"]
    assert [fault.index for fault in feed.faults] == [0]
    assert feed.faults[0].message
    return feed.faults[0].code


def reason_of(body: bytes, content_type: str | None = None) -> FeedReason:
    with pytest.raises(FeedError) as caught:
        read_feed(body, url=URL, content_type=content_type)
    return caught.value.reason


def test_a_torrent_enclosure_goes_before_magnet_and_link() -> None:
    item = one(f"<title>A</title><link>{escape(MAGNET)}</link>", TORRENT)
    assert (item.download_url, item.download_type) == ("https://h/1.torrent", DownloadType.TORRENT)
    assert item.magnet == MAGNET
    assert item.info_hash == HASH


def test_a_magnet_goes_before_a_torrent_link() -> None:
    item = one(
        "<title>A</title><link>https://h/1.torrent</link>",
        f'<torznab:attr name="magneturl" value="{escape(MAGNET)}"/>',
    )
    assert (item.download_url, item.download_type) == (MAGNET, DownloadType.MAGNET)
    assert item.page_url == "https://h/1.torrent"


@pytest.mark.parametrize(
    "link",
    [
        "https://h/a.torrent",
        "https://h/a.TORRENT?key=1",
        "https://nyaa.si/view/1/torrent",
        "https://www.nyaa.se/?page=download&tid=1",
        "https://h/get.php?file=a.torrent",
    ],
)
def test_a_link_that_looks_like_a_torrent_is_one(link: str) -> None:
    item = one(f"<title>A</title><link>{escape(link)}</link>")
    assert (item.download_url, item.download_type) == (link, DownloadType.TORRENT)


def test_a_declared_torrent_needs_no_telling_name() -> None:
    item = one('<title>A</title><enclosure url="http://h/dl?id=1" type="application/x-bittorrent"/>')
    assert item.download_type is DownloadType.TORRENT


def test_a_plain_file_is_fetched_over_http() -> None:
    enclosed = one('<title>A</title><enclosure url="https://h/a?id=1" type="video/mp4"/>')
    linked = one("<title>A</title><link>https://h/a.mkv?d=1</link>")
    assert enclosed.download_type is linked.download_type is DownloadType.HTTP


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (TORRENT, FaultCode.NO_TITLE),
        (f"<title> \u200b&#10; </title>{TORRENT}", FaultCode.NO_TITLE),
        (f"<title>{'x' * 2001}</title>{TORRENT}", FaultCode.TITLE_TOO_LONG),
        ("<title>A</title><link>https://h/page.html</link>", FaultCode.NO_DOWNLOAD),
        ("<title>A</title><enclosure url='https://h/a.jpg' type='image/jpeg'/>", FaultCode.BAD_URL),
        ("<title>A</title><enclosure url='https://h/a' type='application/x-nzb'/>", FaultCode.USENET),
        ("<title>A</title><enclosure url='file:///etc/passwd.torrent'/>", FaultCode.BAD_URL),
        ("<title>A</title><enclosure url='javascript:alert(1)'/>", FaultCode.BAD_URL),
        ("<title>A</title><enclosure url='http://[/a.torrent'/>", FaultCode.BAD_URL),
        ("<title>A</title><enclosure url='http:///a.torrent'/>", FaultCode.BAD_URL),
        ("<title>A</title><enclosure url='http://h:99999/a.torrent'/>", FaultCode.BAD_URL),
        ("<title>A</title><enclosure url='magnet:?xt=urn:sha1:abc'/>", FaultCode.BAD_URL),
        ("<title>A</title><enclosure url='magnet:?xt=urn:btih:zz'/>", FaultCode.BAD_URL),
        (f"<title>A</title><enclosure url='https://h/{'x' * 8192}.torrent'/>", FaultCode.BAD_URL),
    ],
)
def test_an_entry_that_cannot_be_used_is_a_fault_and_the_others_go_on(item: str, code: FaultCode) -> None:
    assert fault_of(item) is code


def test_a_title_of_the_greatest_length_is_kept_whole() -> None:
    assert len(one(f"<title>{'題' * 2000}</title>", TORRENT).title) == 2000


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        ("  [A]\n  B\t- 01 ", "[A] B - 01"),
        ("A\u3000B\u00a0C", "A B C"),
        ("Tom &amp;amp; Jerry", "Tom & Jerry"),
        ("Tom &amp;amp;amp; Jerry", "Tom &amp; Jerry"),
        ("&amp;#21152;&amp;#x6CB9;", "加油"),
        ("a &amp;notit b", "a &notit b"),
        ("<![CDATA[ [B] <3 & more ]]>", "[B] <3 & more"),
        ("evil\u202egpj.mkv\ufeff\u200b", "evilgpj.mkv"),
        ("a&#x7f;b&#x85;c", "ab c"),
        ("👨\u200d👩", "👨\u200d👩"),
    ],
)
def test_titles_are_one_line_of_visible_text_decoded_once(raw: str, title: str) -> None:
    assert one(f"<title>{raw}</title>", TORRENT).title == title


def test_relative_addresses_are_resolved_against_the_feed() -> None:
    item = one("<title>A</title><link>../view/1</link><enclosure url='get/1.torrent'/>")
    assert item.download_url == "https://feeds.example/list/get/1.torrent"
    assert item.page_url == "https://feeds.example/view/1"


def test_spaces_in_addresses_are_escaped() -> None:
    item = one("<title>A</title><enclosure url=' https://h/[A] b{1}.torrent\n'/>")
    assert item.download_url == "https://h/[A]%20b%7B1%7D.torrent"


def test_the_same_download_twice_is_one_entry() -> None:
    feed = read(f"<title>A</title>{TORRENT}", f"<title>A v2</title>{TORRENT}")
    assert [item.title for item in feed.items] == ["A"]
    assert feed.faults == ()


@pytest.mark.parametrize(
    "where",
    [
        f"<nyaa:infoHash>{HASH.upper()}</nyaa:infoHash>{TORRENT}",
        f'<torznab:attr name="infohash" value="{HASH}"/>{TORRENT}',
        f"<torrent xmlns='http://xmlns.ezrss.it/0.1/'><infoHash>{BASE32}</infoHash></torrent>{TORRENT}",
        f"<enclosure url='https://h/Download/2024/{HASH.upper()}.torrent?x=1'/>",
        f"<enclosure url='https://h/torrents/{HASH}/name.torrent'/>",
        f"<link>magnet:?dn=x&amp;xt=urn:btih:{BASE32.lower()}</link>",
        f"<enclosure url='magnet:?xt.1=urn:btih:{HASH}'/>",
    ],
)
def test_the_info_hash_is_found_wherever_it_is(where: str) -> None:
    assert one(f"<title>A</title>{where}").info_hash == HASH


def test_a_magnet_for_another_torrent_than_the_one_named_is_dropped() -> None:
    item = one(
        f"<title>A</title><link>{escape(MAGNET)}</link><nyaa:infoHash>{'a' * 40}</nyaa:infoHash>", TORRENT
    )
    assert (item.info_hash, item.magnet) == ("a" * 40, None)


def test_a_magnet_of_the_second_version_has_no_first_version_hash() -> None:
    item = one(f"<title>A</title><link>magnet:?xt=urn:btmh:1220{'a' * 64}</link>")
    assert (item.download_type, item.info_hash) == (DownloadType.MAGNET, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tue, 14 Jan 2025 09:35:59 -0800", datetime(2025, 1, 14, 17, 35, 59, tzinfo=UTC)),
        ("Tue, 24 Aug 2021 22:18:46 -0000", datetime(2021, 8, 24, 22, 18, 46, tzinfo=UTC)),
        ("16 Feb 2017 05:24:26 +0300", datetime(2017, 2, 16, 2, 24, 26, tzinfo=UTC)),
        ("2024-07-17T19:09:00", datetime(2024, 7, 17, 19, 9, tzinfo=UTC)),
        ("2024-07-17T19:09:00.1234567+08:00", datetime(2024, 7, 17, 11, 9, 0, 123456, tzinfo=UTC)),
        ("yesterday", None),
        ("Tue, 99 Jan 2025 09:35:59 GMT", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("Mon, 01 Jan 2024 00:00:00 +99999999", None),
        ("9" * 5000, None),
    ],
)
def test_dates_come_in_utc_or_not_at_all(text: str, expected: datetime | None) -> None:
    assert one(f"<title>A</title><pubDate>{text}</pubDate>", TORRENT).pub_date == expected


def test_mikans_own_date_means_shanghai_and_goes_first() -> None:
    item = one(
        "<title>A</title><pubDate>Mon, 01 Jan 2024 00:00:00 GMT</pubDate>"
        "<torrent xmlns='https://mikanani.me/0.1/'><pubDate>2024-07-17T19:09:00.5</pubDate></torrent>",
        TORRENT,
    )
    assert item.pub_date == datetime(2024, 7, 17, 11, 9, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("123", 123),
        ("609.6 MiB", 639_211_930),
        ("1GB", 1024**3),
        ("0", None),
        ("---", None),
        ("-5", None),
        ("9" * 30, None),
        ("1e9", None),
        ("١٢", None),
    ],
)
def test_sizes_are_bytes(text: str, size: int | None) -> None:
    assert values.byte_size(text) == size


def test_a_told_size_goes_before_an_enclosure_length() -> None:
    item = one("<title>A</title><nyaa:size>2 KiB</nyaa:size>", TORRENT.replace("/>", " length='100000'/>"))
    assert item.size == 2048


def test_descriptions_are_text_and_short() -> None:
    markup = "<p>Hello <b>big</b></p><script>alert(1)</script><!-- x -->&amp; world<img src=x onerror=y>"
    item = one(f"<title>A</title><description>{escape(markup)}</description>", TORRENT)
    assert item.description == "Hello big & world"
    long = one(f"<title>A</title><description>{'x ' * 9000}</description>", TORRENT)
    assert long.description is not None
    assert len(long.description) == 4000


@pytest.mark.timeout(60)  # (a reader that looks from each piece to the end of a megabyte is not done by then)
@pytest.mark.parametrize(
    ("piece", "text"),
    [("<", "<" * 3999 + "…"), ("<a ", None), ("<b>", None), ("&", "&" * 3999 + "…"), ("<![CDATA[", None)],
)
def test_hostile_descriptions_are_read(piece: str, text: str | None) -> None:
    markup = escape(piece * (1_000_000 // len(piece)))
    assert one(f"<title>A</title><description>{markup}</description>", TORRENT).description == text


def test_facts_come_along() -> None:
    item = one(
        "<title>A</title><author>LoliHouse</author><category>動畫</category><nyaa:seeders>4</nyaa:seeders>",
        '<torznab:attr name="tvdbid" value="81797"/>',
        TORRENT,
    )
    assert item.facts == {"subgroup": "LoliHouse", "category": "動畫", "seeders": "4", "tvdb": "81797"}


def test_mikans_address_names_the_work() -> None:
    body = rss(f"<title>A</title>{TORRENT}", "<title>B</title>" + TORRENT.replace("1", "2"))
    feed = read_feed(body, url="https://mikanani.me/RSS/Bangumi?bangumiId=3391&subgroupid=370")
    assert [item.facts for item in feed.items] == [{"mikan": "3391", "mikan_subgroup": "370"}] * 2
    assert read_feed(body, url="https://mikanani.me/RSS/Classic").items[0].facts == {}
    other = read_feed(body, url="https://other.example/RSS/Bangumi?bangumiId=3391")
    assert other.items[0].facts == {}


def test_an_id_that_is_no_number_is_no_id() -> None:
    feed = read_feed(rss(f"<title>A</title>{TORRENT}"), url="https://mikanani.me/RSS?bangumiId=1%0A/../x")
    assert feed.items[0].facts == {}


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://mikanani.me/RSS/Classic", FeedKind.MIKAN),
        ("https://mikanime.tv/RSS/Classic", FeedKind.MIKAN),
        ("https://nyaa.si/?page=rss", FeedKind.NYAA),
        ("https://share.dmhy.org/topics/rss/rss.xml", FeedKind.DMHY),
        ("https://acg.rip/.xml", FeedKind.ACG_RIP),
        ("https://feed.animetosho.org/rss2", FeedKind.ANIMETOSHO),
        ("https://bangumi.moe/rss/latest", FeedKind.BANGUMI_MOE),
        ("https://subsplease.org/rss/?t", FeedKind.SUBSPLEASE),
        ("https://notmikanani.me/", FeedKind.GENERIC),
        ("http://10.0.0.1/?mikanani.me", FeedKind.GENERIC),
        ("http://[", FeedKind.GENERIC),
    ],
)
def test_kinds_are_known_by_host(url: str, kind: FeedKind) -> None:
    assert kind_of(url, b"<rss/>") is kind


def test_kinds_are_known_by_content_where_the_host_says_nothing() -> None:
    mikan = b'<rss><channel><item><torrent xmlns="https://mikanani.me/0.1/"/></item></channel></rss>'
    assert kind_of("http://localhost/rss", mikan) is FeedKind.MIKAN
    assert (
        kind_of("http://localhost/rss", b"<rss><channel><link>https://acg.rip/.xml</link></channel></rss>")
        is FeedKind.ACG_RIP
    )
    assert kind_of("http://localhost/api", b'<rss xmlns:torznab="http://torznab.com/schemas/2015/feed">') is (
        FeedKind.TORZNAB
    )


def test_atom_is_read() -> None:
    body = f"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>F</title>
    <entry><title type="html">A &amp;amp; B</title><id>urn:1</id><updated>2024-01-02T03:04:05Z</updated>
    <published>2024-01-01T03:04:05+01:00</published><summary type="html">&lt;b&gt;x&lt;/b&gt;</summary>
    <link href="/view/1"/>
    <link rel="enclosure" type="application/x-bittorrent" href="/1" length="77"/></entry>
    <entry><title>C</title><link href="{escape(MAGNET)}"/></entry></feed>""".encode()
    feed = read_feed(body, url=URL)
    first, second = feed.items
    assert (feed.title, first.title, first.guid, first.description) == ("F", "A & B", "urn:1", "x")
    assert (first.download_url, first.download_type) == ("https://feeds.example/1", DownloadType.TORRENT)
    assert (first.size, first.page_url) == (77, "https://feeds.example/view/1")
    assert first.pub_date == datetime(2024, 1, 1, 2, 4, 5, tzinfo=UTC)
    assert second.download_url == MAGNET


def test_rss_of_the_first_version_is_read() -> None:
    body = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>F</title></channel>
    <item rdf:about="https://h/view/1"><title>A</title><link>https://h/1.torrent</link>
    <dc:date>2024-01-01T00:00:00Z</dc:date></item></rdf:RDF>"""
    feed = read_feed(body, url=URL)
    item = feed.items[0]
    assert (feed.title, item.title, item.guid) == ("F", "A", "https://h/view/1")
    assert item.pub_date == datetime(2024, 1, 1, tzinfo=UTC)


def test_a_feed_without_entries_is_a_feed() -> None:
    assert read_feed(rss(), url=URL).items == ()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", FeedReason.EMPTY),
        (b" \n\xef\xbb\xbf ", FeedReason.NOT_A_FEED),
        (b"\xef\xbb\xbf\n ", FeedReason.EMPTY),
        (b"<!doctype html><p>Hi", FeedReason.HTML),
        (b"\n<!-- c --> <HTML><body>", FeedReason.HTML),
        (b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "x" "y"><html/>', FeedReason.HTML),
        (b'{"error": 1}', FeedReason.NOT_A_FEED),
        (b"\x1f\x8b\x08\x00", FeedReason.NOT_A_FEED),
        (b"<opml><body/></opml>", FeedReason.NOT_A_FEED),
        (b"<rss><channel><item><title>A</item>", FeedReason.MALFORMED),
        (b"<rss><channel><item><title>A", FeedReason.MALFORMED),
        (b'<error code="100" description="Incorrect user credentials"/>', FeedReason.SITE_ERROR),
        (b"<!DOCTYPE rss SYSTEM 'http://h/x.dtd'><rss/>", FeedReason.FORBIDDEN_XML),
        (
            "<?xml version='1.0' encoding='utf-16'?><!DOCTYPE a [<!ENTITY b 'c'>]><rss/>".encode("utf-16"),
            FeedReason.FORBIDDEN_XML,
        ),
        (rss(*["<title>A</title>"] * 10_001), FeedReason.TOO_MANY_ITEMS),
    ],
)
def test_what_is_no_feed_is_refused_with_the_reason(body: bytes, reason: FeedReason) -> None:
    assert reason_of(body) is reason


def test_a_malformed_document_names_the_line() -> None:
    with pytest.raises(FeedError, match="line 3"):
        read_feed(b"<rss>\n<channel>\n</item></channel></rss>", url=URL)


@pytest.mark.timeout(60)
def test_entities_are_never_expanded() -> None:
    laughs = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 12))
    bomb = f"<!DOCTYPE rss [<!ENTITY l0 'ha'>{laughs}]><rss a='&l11;'><channel>&l11;</channel></rss>".encode()
    outside = b"<!DOCTYPE rss [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><rss><channel>&x;</channel></rss>"
    for body in (bomb, outside, b"<!-- " + b"x" * 70_000 + b" -->" + bomb):
        assert reason_of(body) is FeedReason.FORBIDDEN_XML
    assert reason_of("<!DOCTYPE rss []><rss/>".encode("utf-16-le")) is FeedReason.FORBIDDEN_XML
    assert reason_of(bomb.decode().encode("utf-16")) in (FeedReason.FORBIDDEN_XML, FeedReason.MALFORMED)


def test_bare_ampersands_and_html_entities_are_mended_outside_cdata() -> None:
    feed = read(
        "<title>Q&A &eacute;&nbsp;&unknown; &lt;3 <![CDATA[&eacute; & <]]></title>"
        "<enclosure url='https://h/?a=1&b=2&copy=3&.torrent'/>"
    )
    assert feed.items[0].title == "Q&A é &unknown; <3 é & <"
    assert feed.items[0].download_url == "https://h/?a=1&b=2&copy=3&.torrent"


def test_forbidden_characters_are_mended() -> None:
    assert one(f"<title>A\x01B\x0bC&#2;&#x1F;D&#9;E</title>{TORRENT}").title == "ABCD E"


def test_bytes_in_the_wrong_encoding_cost_only_the_title_they_are_in() -> None:
    body = rss(f"<title>good</title>{TORRENT}", f"<title>b?d</title>{TORRENT}").replace(b"b?d", b"b\xffd")
    feed = read_feed(body, url=URL)
    assert [item.title for item in feed.items] == ["good"]
    assert [(fault.index, fault.code) for fault in feed.faults] == [(1, FaultCode.TITLE_GARBLED)]


@pytest.mark.parametrize(
    ("encoding", "declared", "content_type"),
    [
        ("gbk", "gbk", None),
        ("gbk", "", "text/xml; charset=gbk"),
        ("gb18030", "gb18030", "text/xml; charset=utf-8"),
        ("utf-8", "", "text/xml; charset=iso-8859-1"),
        ("utf-8-sig", "utf-8", None),
        ("utf-16", "utf-16", None),
        ("utf-8", "", "text/xml; charset=nonsense"),
    ],
)
def test_encodings_are_honoured(encoding: str, declared: str, content_type: str | None) -> None:
    declaration = f"<?xml version='1.0' encoding='{declared}'?>" if declared else ""
    text = declaration + rss(f"<title>败犬女主</title>{TORRENT}").decode()
    feed = read_feed(text.encode(encoding), url=URL, content_type=content_type)
    assert feed.items[0].title == "败犬女主"


@pytest.mark.timeout(120)  # (a reader that looks from each piece to the end of the feed is not done by then)
@pytest.mark.parametrize("piece", [b"<![CDATA[", b"<!--", b"<?x ", b"&", b"&a", b"<a>", b"<a b='", b"<item>"])
def test_hostile_documents_are_refused(piece: bytes) -> None:
    many = piece * (2_000_000 // len(piece))
    assert reason_of(b"<rss><channel>" + many) is FeedReason.MALFORMED
    is_markup = piece.startswith(b"<")
    assert reason_of(many) is (FeedReason.MALFORMED if is_markup else FeedReason.NOT_A_FEED)


@pytest.mark.timeout(120)
def test_ten_thousand_entries_are_read() -> None:
    items = [f"<title>A {n}</title><enclosure url='https://h/{n}.torrent'/>" for n in range(10_000)]
    assert len(read(*items).items) == 10_000
