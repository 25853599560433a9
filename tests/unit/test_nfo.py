"""NFOs: what both servers read, what a user wrote into one, and what nobody may put into one."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from seiton.domain.metadata import EpisodeFacts, EpisodeMeta, ShowFacts
from seiton.domain.nfo import episode_nfo, season_nfo, show_nfo
from seiton.domain.nfo_merge import MAX_BYTES, Unreadable, WhyUnreadable, merge

ADDED = datetime(2024, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
DECLARATION = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def meta(
    title: str = "某", *, no: int = 1, end: int | None = None, season: int = 1, show: ShowFacts | None = None,
    facts: EpisodeFacts | None = None, display: tuple[int, int] | None = None,
) -> EpisodeMeta:  # fmt: skip
    return EpisodeMeta(
        anime_title=title,
        series_no=season,
        episode_no=no,
        episode_end=end,
        display_season=display[0] if display else None,
        display_episode=display[1] if display else None,
        show=show or ShowFacts(),
        facts=facts or EpisodeFacts(),
    )


def blocks(nfo: bytes) -> list[etree._Element]:
    """Parse strictly; several roots are wrapped, as one file may hold several episodes."""
    assert nfo.startswith(DECLARATION)
    assert nfo.count(b"<?xml") == 1
    assert nfo.endswith(b">\n")
    assert b"\r" not in nfo
    if nfo.count(b"</episodedetails>") < 2:
        etree.fromstring(nfo, etree.XMLParser(recover=False))
    return list(etree.fromstring(b"<x>" + nfo[len(DECLARATION) :] + b"</x>", etree.XMLParser(recover=False)))


def texts(block: etree._Element, tag: str) -> list[str]:
    return [element.text or "" for element in block.findall(tag)]


def episode(given_meta: EpisodeMeta) -> etree._Element:
    (block,) = blocks(episode_nfo(given_meta, added=ADDED))
    return block


def show(facts: ShowFacts, title: str = "某") -> etree._Element:
    (block,) = blocks(show_nfo(meta(title, show=facts), custom_id="bangumi:1:", added=ADDED))
    return block


def test_golden_1_entities_are_escaped_and_read_back_exactly() -> None:
    title = "旅の終わり & <出発> ]]>"
    nfo = episode_nfo(meta(facts=EpisodeFacts(title=title)), added=ADDED)
    assert b"&amp; &lt;" in nfo
    assert texts(blocks(nfo)[0], "title") == [title]


def test_golden_2_control_characters_go_and_line_breaks_stay() -> None:
    plot = " \"a\"\x0b\x00\x9f\ufeff\ud800\r\n'b'\rc \x1f"
    assert texts(episode(meta(facts=EpisodeFacts(plot=plot))), "plot") == ["\"a\"\n'b'\nc"]


@pytest.mark.parametrize("title", [None, "", " \n", "\x00\ufeff"])
def test_golden_3_an_episode_without_title_gets_a_neutral_one(title: str | None) -> None:
    assert texts(episode(meta(no=2, facts=EpisodeFacts(title=title))), "title") == ["第 2 話"]


def test_golden_4_what_is_unknown_is_left_out() -> None:
    block = episode(meta(facts=EpisodeFacts(plot="", aired=None)))
    assert [element.tag for element in block] == ["title", "showtitle", "season", "episode", "dateadded"]
    assert [element.tag for element in show(ShowFacts())] == ["title", "uniqueid", "dateadded"]


def test_golden_5_two_episodes_are_two_blocks_under_one_declaration() -> None:
    first, second = blocks(episode_nfo(meta(no=3, end=4, facts=EpisodeFacts(title="三")), added=ADDED))
    assert (texts(first, "title"), texts(first, "episode")) == (["三"], ["3"])
    assert texts(first, "episodenumberend") == ["4"]
    assert (texts(second, "title"), texts(second, "episode")) == (["第 4 話"], ["4"])


def test_golden_6_a_special_says_where_it_is_shown() -> None:
    block = episode(meta(season=0, no=125, display=(1, 13)))
    assert [texts(block, tag) for tag in ("season", "episode", "displayseason", "displayepisode")] == [
        ["0"], ["125"], ["1"], ["13"],
    ]  # fmt: skip
    assert not texts(episode(meta(season=1, display=(1, 13))), "displayseason")


def test_golden_7_a_season_file_carries_its_number() -> None:
    (block,) = blocks(season_nfo(meta(season=0), added=ADDED))
    assert next((e.tag, e.text) for e in block) == ("seasonnumber", "0")
    (named,) = blocks(season_nfo(meta(season=2), name="第二季 & 完", added=ADDED))
    assert texts(named, "title") == ["第二季 & 完"]


def test_golden_12_the_title_keeps_the_characters_that_names_cannot_have() -> None:
    assert texts(show(ShowFacts(title="Re:ゼロ？")), "title") == ["Re:ゼロ？"]
    assert texts(show(ShowFacts(title=" ")), "title") == ["某"]


def test_golden_16_equal_titles_are_told_apart_by_premiere_and_custom_id() -> None:
    old, new = show(ShowFacts(premiered=date(2004, 4, 1))), show(ShowFacts(premiered=date(2011, 4, 1)))
    assert (texts(old, "premiered"), texts(old, "year")) == (["2004-04-01"], ["2004"])
    assert texts(new, "premiered") == ["2011-04-01"]


@pytest.mark.parametrize("given_id", ["bangumi:400602:", "bangumi:400602", "x"])
def test_the_custom_id_never_ends_in_a_digit(given_id: str) -> None:
    (block,) = blocks(show_nfo(meta(), custom_id=given_id, added=ADDED))
    value = block.findtext("uniqueid[@type='Custom']") or ""
    assert value.startswith(given_id)
    assert not value[-1].isdigit()
    with pytest.raises(ValueError, match="blank"):
        show_nfo(meta(), custom_id=" ", added=ADDED)


def test_ids_are_canonical_one_is_default_and_doubtful_ones_are_left_out() -> None:
    ids = (("bangumi", "400602"), ("TVDB", "x1"), ("IMDB", "tt1234567"), ("tmdb", "9"), ("custom", "1"),
           ("a=b", "1"), ('q"><x', "1"), ("shiki", "z & 1"), ("bgm", "2"))  # fmt: skip
    block = show(ShowFacts(ids=ids))
    found = [(e.get("type"), e.text, e.get("default")) for e in block.findall("uniqueid")]
    assert found == [
        ("Bangumi", "400602", "true"),
        ("imdb", "tt1234567", None),
        ("tmdb", "9", None),
        ("shiki", "z & 1", None),
        ("Custom", "bangumi:1:", None),
    ]


def test_golden_27_dateadded_is_utc_to_the_second() -> None:
    tokyo = datetime(2024, 1, 2, 12, 4, 5, tzinfo=timezone(timedelta(hours=9)))
    for moment in (ADDED, tokyo, ADDED.replace(tzinfo=None)):
        (block,) = blocks(episode_nfo(meta(), added=moment))
        assert texts(block, "dateadded") == ["2024-01-02 03:04:05"]


text = st.text(max_size=30)


@given(text, text, st.lists(text, max_size=3), st.lists(st.tuples(text, text), max_size=3), text)
def test_golden_28_every_nfo_is_strict_xml_and_has_nothing_forbidden(
    title: str, plot: str, genres: list[str], ids: list[tuple[str, str]], season: str
) -> None:
    given_meta = meta(
        title or "x",
        end=3,
        show=ShowFacts(title=title, plot=plot, genres=tuple(genres), studios=tuple(genres), ids=tuple(ids)),
        facts=EpisodeFacts(title=title, original_title=plot, plot=plot, ids=tuple(ids)),
    )
    nfos = {
        "episodedetails": episode_nfo(given_meta, added=ADDED),
        "tvshow": show_nfo(given_meta, custom_id="c", seasons={1: season}, added=ADDED),
        "season": season_nfo(given_meta, name=season, added=ADDED),
    }
    for root, nfo in nfos.items():
        for block in blocks(nfo):
            assert block.tag == root
            assert all(element.text and element.text.strip() and not len(element) for element in block)
        assert not re.search(rb"CDATA\[|<(?:lockdata|watched|playcount|thumb|fanart|id)>|\xef\xbb\xbf", nfo)
        assert merge(nfo, nfo) == nfo


def test_golden_29_an_unknown_year_is_not_invented() -> None:
    block = show(ShowFacts())
    assert not texts(block, "year")
    assert not texts(block, "premiered")


def test_golden_30_a_genre_has_no_slash() -> None:
    assert texts(show(ShowFacts(genres=("科幻/機戰", "科幻", " / "))), "genre") == ["科幻", "機戰"]


@pytest.mark.parametrize(
    ("rating", "written"),
    [(8.24, ["8.2"]), (10.0, ["10.0"]), (0.0, []), (11.0, []), (float("nan"), []), (None, [])],
)
def test_a_rating_is_a_decimal_up_to_ten_or_absent(rating: float | None, written: list[str]) -> None:
    assert texts(show(ShowFacts(rating=rating)), "rating") == written


def test_seasons_are_named_in_the_show() -> None:
    (block,) = blocks(show_nfo(meta(), custom_id="c", seasons={2: "第二季", 1: "<一>"}, added=ADDED))
    assert [(e.get("number"), e.text) for e in block.findall("namedseason")] == [
        ("1", "<一>"),
        ("2", "第二季"),
    ]


# --- what a user wrote ---------------------------------------------------------------------------

OURS = show_nfo(
    meta("新しい題", show=ShowFacts(plot="new", genres=("科幻",), ids=(("bangumi", "7"),))),
    custom_id="bangumi:7:",
    seasons={1: "一"},
    added=ADDED,
)
EDITED = b"""<?xml version='1.0' encoding='utf-8'?>
<!-- before -->
<tvshow mine="yes">
  <!-- my notes -->
  <sorttitle>zzz</sorttitle>
  <title lang="ja">old</title>
  <genre>Mine</genre>
  <uniqueid type="bangumi" mine="1">6</uniqueid>
  <uniqueid type="shiki">9</uniqueid>
  <actor><name>A &amp; B</name><role><![CDATA[<x>]]></role></actor>
  <?keep me?>
  <lockdata>true</lockdata>
</tvshow>
<!-- after -->
"""


def merged(existing: bytes, ours: bytes = OURS) -> bytes:
    result = merge(existing, ours)
    assert isinstance(result, bytes), result
    return result


def test_our_elements_are_renewed_and_the_users_survive_in_place() -> None:
    result = merged(EDITED)
    assert result.startswith(DECLARATION + b"<!-- before -->\n")
    root = etree.fromstring(result, etree.XMLParser(recover=False, strip_cdata=False))
    assert root.get("mine") == "yes"
    assert [(e.tag if isinstance(e.tag, str) else "", (e.text or "").strip()) for e in root] == [
        ("", "my notes"),
        ("sorttitle", "zzz"),
        ("title", "新しい題"),
        ("plot", "new"),
        ("genre", "科幻"),
        ("genre", "Mine"),
        ("uniqueid", "7"),
        ("uniqueid", "bangumi:7:"),
        ("namedseason", "一"),
        ("dateadded", "2024-01-02 03:04:05"),
        ("uniqueid", "9"),
        ("actor", ""),
        ("", "me"),
        ("lockdata", "true"),
    ]
    assert root.find("title").get("lang") == "ja"  # type: ignore[union-attr]
    first_id = root.find("uniqueid")
    assert first_id is not None
    assert dict(first_id.attrib) == {"type": "Bangumi", "mine": "1", "default": "true"}
    assert b"<name>A &amp; B</name><role><![CDATA[<x>]]></role>" in result
    assert b"<?keep me?>" in result
    assert result.endswith(b"<!-- after -->\n")
    assert b"\n  <plot>new</plot>\n  <genre>" in result


def test_merging_twice_changes_nothing_further() -> None:
    once = merged(EDITED)
    assert merged(once) == once


def test_a_default_that_the_user_set_is_not_doubled() -> None:
    user = b'<tvshow><uniqueid type="x" default="true">1</uniqueid></tvshow>'
    assert merged(user).count(b'default="true"') == 1
    assert b'type="x" default="true"' in merged(merged(user))


def test_an_empty_file_becomes_ours() -> None:
    assert merge(b" \n", OURS) == OURS


def test_markup_inside_our_element_gives_way_but_a_comment_stays() -> None:
    result = merged(b"<tvshow><title>a<b>x</b>y<!--why-->z</title></tvshow>")
    assert "<title>新しい題<!--why--></title>".encode() in result
    assert merged(result) == result


def test_utf16_becomes_utf8() -> None:
    root = etree.fromstring(
        merged("<?xml version='1.0' encoding='utf-16'?><tvshow><a>ガ</a></tvshow>".encode("utf-16"))
    )
    assert root.findtext("a") == "ガ"


def test_each_episode_of_a_file_is_merged_with_its_own_block() -> None:
    ours = episode_nfo(meta(no=3, end=4, facts=EpisodeFacts(title="三")), added=ADDED)
    one = b"<episodedetails>\n  <title>x</title>\n  <mine>1</mine>\n</episodedetails>"
    both = blocks(merged(one, ours))
    assert [texts(block, "title") for block in both] == [["三"], ["第 4 話"]]
    again = merged(merged(one, ours).replace(b"<showtitle>", b"<user>2</user><showtitle>"), ours)
    assert [texts(block, "user") for block in blocks(again)] == [["2"], ["2"]]
    assert merged(again, ours) == again


@pytest.mark.parametrize(
    ("existing", "reason"),
    [
        (b"<tvshow><title>R & D</title></tvshow>", WhyUnreadable.MALFORMED),
        (b"https://bgm.tv/subject/7\n", WhyUnreadable.MALFORMED),
        (b"<tvshow>", WhyUnreadable.MALFORMED),
        (b"</nfo><nfo><tvshow/>", WhyUnreadable.MALFORMED),
        (b"<tvshow>&nbsp;</tvshow>", WhyUnreadable.MALFORMED),
        (b"<tvshow>\x0b</tvshow>", WhyUnreadable.MALFORMED),
        (b'<!DOCTYPE t [<!ENTITY a "b">]><tvshow><plot>&a;</plot></tvshow>', WhyUnreadable.MALFORMED),
        (
            b'<!DOCTYPE t [<!ENTITY a SYSTEM "file:///etc/passwd">]><tvshow>&a;</tvshow>',
            WhyUnreadable.MALFORMED,
        ),
        (b"<tvshow>" + b"<a>" * 1000 + b"</a>" * 1000 + b"</tvshow>", WhyUnreadable.MALFORMED),
        (b"<tvshow>\xff</tvshow>", WhyUnreadable.ENCODING),
        (b"<?xml version='1.0' encoding='gb2312'?><tvshow/>", WhyUnreadable.ENCODING),
        (b"<movie/>", WhyUnreadable.ANOTHER_ROOT),
        (b"<tvshow/><tvshow/>", WhyUnreadable.MORE_EPISODES),
        (b"<tvshow>" + b" " * MAX_BYTES + b"</tvshow>", WhyUnreadable.TOO_LARGE),
    ],
)
def test_what_cannot_be_read_is_not_replaced(existing: bytes, reason: WhyUnreadable) -> None:
    result = merge(existing, OURS)
    assert isinstance(result, Unreadable)
    assert result.reason is reason


ELEMENTS = st.sampled_from(
    [
        "<title>a</title>", "<title/>", "<plot>p<b/>q</plot>", "<mine a='1'>x</mine>", "<!--c-->", "text",
        "\n", "\n  ", "<genre>科幻</genre>", "<genre> 科幻 </genre>", "<genre>y</genre>", "<?pi x?>",
        "<![CDATA[<z>]]>", "<uniqueid type='BANGUMI'>1</uniqueid>", "<dateadded>1</dateadded>",
        "<uniqueid default='true'>1</uniqueid>",
    ]
)  # fmt: skip


@given(st.lists(ELEMENTS, max_size=12))
def test_any_edit_survives_a_merge_and_a_second_merge_is_idle(parts: list[str]) -> None:
    existing = f"<tvshow>{''.join(parts)}</tvshow>".encode()
    once = merged(existing)
    assert merged(once) == once
    root = etree.fromstring(once)
    assert root.findtext("title") == "新しい題"
    for kept in ("<mine", "<!--c-->", "<genre>y</genre>", "text", "<![CDATA[<z>]]>", "<?pi x?>"):
        assert once.decode().count(kept) == sum(part.startswith(kept) for part in parts)
