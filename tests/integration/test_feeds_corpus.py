"""The real feeds of the corpus, with the counts and fields that a person reads in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from seiton.adapters.feeds import FaultCode, Feed, FeedError, FeedKind, FeedReason, read_feed
from seiton.domain.states import DownloadType

Reader = Callable[[str], Feed]


@pytest.fixture
def feed(corpus: Path) -> Reader:
    """Reads one feed of the corpus as if it came from a server on this machine."""

    def read(name: str) -> Feed:
        return read_feed((corpus / "feeds" / name).read_bytes(), url=f"http://127.0.0.1:8080/feeds/{name}")

    return read


@pytest.mark.parametrize(
    ("name", "kind", "items", "faults"),
    [
        ("acgrip_alist.xml", FeedKind.ACG_RIP, 1, 0),
        ("dmhy_alist.xml", FeedKind.DMHY, 1, 0),
        ("mikan_alist.xml", FeedKind.MIKAN, 1, 0),
        ("mikan_bangumi_rs.xml", FeedKind.MIKAN, 1, 0),
        ("mikan_goto_3391_583.xml", FeedKind.MIKAN, 12, 0),
        ("mikan_goto_bangumi_3391.xml", FeedKind.MIKAN, 13, 0),
        ("sonarr_animetosho_nosize.xml", FeedKind.ANIMETOSHO, 2, 0),
        ("sonarr_encoded_title.xml", FeedKind.GENERIC, 0, 1),
        ("sonarr_generic_extratorrents.xml", FeedKind.GENERIC, 5, 0),
        ("sonarr_generic_limetorrents.xml", FeedKind.GENERIC, 5, 0),
        ("sonarr_generic_showrss.xml", FeedKind.GENERIC, 5, 0),
        ("sonarr_invalid_nopubdate.xml", FeedKind.GENERIC, 1, 0),
        ("sonarr_invalid_size.xml", FeedKind.GENERIC, 1, 0),
        ("sonarr_nyaa_2021.xml", FeedKind.NYAA, 3, 0),
        ("sonarr_nyaa_old_2014.xml", FeedKind.NYAA, 4, 0),
        ("sonarr_relative_urls.xml", FeedKind.GENERIC, 0, 1),
        ("sonarr_torznab_animetosho.xml", FeedKind.TORZNAB, 2, 0),
        ("sonarr_torznab_tpb.xml", FeedKind.TORZNAB, 5, 0),
        ("subsplease_2022_batches.xml", FeedKind.SUBSPLEASE, 3, 0),
    ],
)
def test_every_feed_gives_its_entries(
    feed: Reader, name: str, kind: FeedKind, items: int, faults: int
) -> None:
    found = feed(name)
    assert (found.kind, len(found.items), len(found.faults)) == (kind, items, faults)
    for item in found.items:
        assert item.title == " ".join(item.title.split())
        assert item.info_hash is None or re.fullmatch("[0-9a-f]{40}", item.info_hash)
        assert item.pub_date is None or item.pub_date.utcoffset() == timedelta(0)
        assert item.magnet is None or item.magnet.startswith("magnet:?")


def test_the_mikan_document_gives_thirteen_torrents(feed: Reader) -> None:
    found = feed("mikan_goto_bangumi_3391.xml")
    assert found.title == "Mikan Project - 败犬女主太多了！"
    assert len({item.info_hash for item in found.items}) == 13
    for item in found.items:
        assert item.download_type is DownloadType.TORRENT
        assert item.info_hash is not None
        assert item.download_url.startswith("https://mikanani.me/Download/2024")
        assert item.download_url.endswith(f"/{item.info_hash}.torrent")
        assert item.page_url == f"https://mikanani.me/Home/Episode/{item.info_hash}"
        assert item.size is not None
        assert item.size > 200_000_000
        assert item.facts == {"mikan": "3391", "mikan_subgroup": "370"}
    batch, twelfth = found.items[:2]
    assert batch.title == (
        "[喵萌奶茶屋&LoliHouse] 败犬女主角也太多了！ / 败犬女主太多了！ / 负けヒロインが多すぎる！ / "
        "Make Heroine ga Oosugiru! [01-12合集][WebRip 1080p HEVC-10bit AAC][简繁日内封字幕][Fin]"
    )
    assert batch.info_hash == "0651a36393eabaf6aee48624efc951983ebd3156"
    assert (batch.size, batch.guid) == (5_379_446_784, batch.title)
    assert batch.pub_date == datetime(2024, 11, 4, 15, 58, 52, 737_000, tzinfo=UTC)
    assert twelfth.title.endswith("- 12 [WebRip 1080p HEVC-10bit AAC][简繁日内封字幕][END]")
    assert (twelfth.size, twelfth.pub_date) == (
        398_972_672,
        datetime(2024, 10, 6, 9, 22, 1, 144_000, tzinfo=UTC),
    )


def test_a_feed_of_one_group_names_that_group(feed: Reader) -> None:
    item = feed("mikan_goto_3391_583.xml").items[0]
    assert item.title.startswith("[ANi] Make Heroine ga Oosugiru / 败北女角太多了！ - 12 ")
    assert item.facts == {"mikan": "3391", "mikan_subgroup": "583"}
    assert item.pub_date == datetime(2024, 9, 28, 17, 1, 3, 776_281, tzinfo=UTC)
    assert feed("mikan_bangumi_rs.xml").items[0].facts == {"mikan": "3422"}


def test_a_mikan_feed_with_bare_ampersands_is_read(feed: Reader) -> None:
    item = feed("mikan_alist.xml").items[0]
    assert item.facts == {"mikan": "3298", "mikan_subgroup": "382"}
    assert (item.size, item.pub_date) == (9_448_928_256, datetime(2024, 7, 17, 11, 9, tzinfo=UTC))


def test_dmhy_gives_magnets_and_the_group(feed: Reader) -> None:
    item = feed("dmhy_alist.xml").items[0]
    assert item.download_type is DownloadType.MAGNET
    assert item.download_url.startswith("magnet:?xt=urn:btih:WJBPAWPQKWDXUJKQB4EIPP24RAQGRSEM&dn=&tr=http")
    assert item.info_hash == "b242f059f055877a25500f0887bf5c882068c88c"
    assert item.size is None  # it says length="1"
    assert item.facts == {"subgroup": "LoliHouse", "category": "動畫"}
    assert item.pub_date == datetime(2025, 1, 15, 7, 9, 14, tzinfo=UTC)
    assert item.description is not None
    assert "字幕：没有" in item.description
    assert "<" not in item.description


def test_acg_rip_gives_torrents(feed: Reader) -> None:
    item = feed("acgrip_alist.xml").items[0]
    assert (item.download_url, item.info_hash) == ("https://acg.rip/t/321423.torrent", None)
    assert item.page_url == "https://acg.rip/t/321423"
    assert item.pub_date == datetime(2025, 1, 14, 17, 35, 59, tzinfo=UTC)


def test_nyaa_gives_hash_size_and_seeders(feed: Reader) -> None:
    item = feed("sonarr_nyaa_2021.xml").items[0]
    assert item.download_url == "https://nyaa.si/download/1424896.torrent"
    assert item.info_hash == "e8ca5e20eca876339f41c3d9e95ea66c1d7caaee"
    assert item.size == round(609.6 * 1024**2)
    assert (item.facts["seeders"], item.facts["peers"]) == ("4", "3")
    assert item.page_url == "https://nyaa.si/view/1424896"


def test_old_nyaa_links_without_a_telling_name_are_torrents(feed: Reader) -> None:
    item = feed("sonarr_nyaa_old_2014.xml").items[0]
    assert item.title == "[TSRaws] Futsuu no Joshikousei ga [Locodol] Yattemita. #07 (TBS).ts"
    assert (item.download_url, item.download_type) == (
        "https://www.nyaa.se/?page=download&tid=587750",
        DownloadType.TORRENT,
    )


def test_animetosho_gives_the_torrent_and_not_the_nzb(feed: Reader) -> None:
    for item in feed("sonarr_animetosho_nosize.xml").items:
        assert item.download_url.startswith(f"http://storage.animetosho.org/torrents/{item.info_hash}/")
        assert item.download_url.endswith(".torrent")
        assert item.size is None  # length="0"


def test_torznab_attributes_are_read(feed: Reader) -> None:
    tosho = feed("sonarr_torznab_animetosho.xml").items[0]
    assert (tosho.size, tosho.info_hash) == (316_477_946, "2d69a861bef5a9f2cdf791b7328e37b7953205e1")
    assert tosho.magnet is None  # the one in the document is of another torrent
    bay = feed("sonarr_torznab_tpb.xml").items[0]
    assert (bay.download_type, bay.size) == (DownloadType.MAGNET, 388_895_872)
    assert bay.info_hash == "9fb267cff5ae5603f07a347676ec3bf3e35f75e1"
    assert (bay.facts["seeders"], bay.facts["peers"]) == ("34128", "36724")


def test_subsplease_gives_torrents_and_sizes(feed: Reader) -> None:
    item = feed("subsplease_2022_batches.xml").items[0]
    assert (item.download_url, item.download_type) == (
        "https://nyaa.si/view/1511823/torrent",
        DownloadType.TORRENT,
    )
    assert (item.size, item.page_url) == (round(32.95 * 1024**3), None)
    assert (
        feed("subsplease_2022_batches.xml").items[2].title
        == "[SubsPlease] Girls' Frontline (01-12) (1080p) [Batch]"
    )


def test_general_feeds_give_hashes_from_wherever_they_are(feed: Reader) -> None:
    assert (
        feed("sonarr_generic_extratorrents.xml").items[0].info_hash
        == "c1b7641c4fd5fd4c248a7aee7c2ad0a4267a371c"
    )
    assert (
        feed("sonarr_generic_limetorrents.xml").items[0].info_hash
        == "51c578c9823dd58f6eea287c368ed935843d63ab"
    )
    assert feed("sonarr_generic_showrss.xml").items[0].info_hash == "96cd620beda3efd7c4d7746ef94549d03a2eb13b"
    assert feed("sonarr_invalid_size.xml").items[0].info_hash == "aaa2038bed9ebca2c312d1c9c3e8e024d0eb414e"
    lime = feed("sonarr_generic_limetorrents.xml").items[0]
    assert (lime.size, lime.pub_date) == (880_496_711, datetime(2017, 2, 16, 2, 24, 26, tzinfo=UTC))


def test_a_missing_date_is_no_fault(feed: Reader) -> None:
    assert feed("sonarr_invalid_nopubdate.xml").items[0].pub_date is None


def test_usenet_entries_are_named_as_such(feed: Reader) -> None:
    fault = feed("sonarr_encoded_title.xml").faults[0]
    assert (fault.code, fault.title) == (
        FaultCode.USENET,
        "Series.&.Title.S02E19.EAC3.5.1.1080p.WEBRip.x265-iVy",
    )
    assert feed("sonarr_relative_urls.xml").faults[0].code is FaultCode.USENET


def test_a_refused_key_is_told_in_the_sites_words(feed: Reader) -> None:
    with pytest.raises(FeedError, match="Incorrect user credentials") as caught:
        feed("sonarr_newznab_unauthorized.xml")
    assert caught.value.reason is FeedReason.SITE_ERROR
