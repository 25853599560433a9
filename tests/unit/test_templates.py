"""Naming templates: the language, what it refuses and where, and that no template loses an episode."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from seiton.domain.metadata import UNKNOWN_GROUP, EpisodeMeta, ShowFacts, place_number
from seiton.domain.name_reading import Numbers, is_extra, read_numbers, read_season
from seiton.domain.naming import (
    BASE_BYTES,
    DEFAULT_TEMPLATE,
    Impossible,
    Layout,
    Name,
    NamingProfile,
    WhyImpossible,
    numbers_of,
    path_key,
    render,
)
from seiton.domain.template_check import SAMPLES, check_template
from seiton.domain.templates import TemplateFault

EPISODE = "S{season:02}E{episode:02}<-E{episode_end:02}>"
EVERYTHING = (
    "{title}< ({year})>/<special?Specials|Season {season:02}>/{title} - "
    + EPISODE
    + "< [{group}]>< [{resolution}]>< [v{version}]>"
)
TEA = EpisodeMeta(
    anime_title="Tea",
    series_no=1,
    episode_no=2,
    subtitle_group="ANi",
    resolution="1080p",
    show=ShowFacts(year=2023),
)


def path(template: str, meta: EpisodeMeta = TEA) -> str:
    name = render(meta, NamingProfile(template=template))
    assert isinstance(name, Name), name
    return name.stem.decode()


def base(template: str, meta: EpisodeMeta = TEA) -> str:
    return path("{title}/Season {season:02}/" + template, meta).rpartition("/")[2]


def fault(template: str) -> TemplateFault:
    faults = check_template(template).faults
    assert len(faults) == 1, faults
    assert faults[0].template.format(**faults[0].values)  # the sentence has all that it needs
    return faults[0]


# What a template can say


def test_the_default_names_files_as_the_reference_does() -> None:
    assert path(DEFAULT_TEMPLATE) == "Tea/Season 01/Tea - S01E02"
    assert path(DEFAULT_TEMPLATE, replace(TEA, episode_end=4)) == "Tea/Season 01/Tea - S01E02-E04"
    assert path(DEFAULT_TEMPLATE, replace(TEA, series_no=0)) == "Tea/Season 00/Tea - S00E02"
    assert path(DEFAULT_TEMPLATE, replace(TEA, episode_no=1071)) == "Tea/Season 01/Tea - S01E1071"


def test_everything_that_is_known_of_an_episode_can_be_in_its_name() -> None:
    assert path(EVERYTHING) == "Tea (2023)/Season 01/Tea - S01E02 [ANi] [1080p]"
    assert path(EVERYTHING, replace(TEA, version=2)).endswith("[ANi] [1080p] [v2]")
    bare = replace(TEA, subtitle_group=None, resolution=None, show=ShowFacts(), series_no=0)
    assert path(EVERYTHING, bare) == "Tea/Specials/Tea - S00E02"


def test_an_optional_part_vanishes_with_what_is_absent() -> None:
    assert base(EPISODE + "< [{group} {resolution}]>") == "S01E02 [ANi 1080p]"
    assert base(EPISODE + "< [{group} {resolution}]>", replace(TEA, resolution=None)) == "S01E02"
    assert base(EPISODE + "< [{group}]>", replace(TEA, subtitle_group=UNKNOWN_GROUP)) == "S01E02"
    assert base(EPISODE + "< [{group}]>", replace(TEA, subtitle_group="..")) == "S01E02"


def test_of_several_options_the_first_that_can_be_taken_is() -> None:
    template = EPISODE + " [<{group}|{resolution}|raw>]"
    assert base(template) == "S01E02 [ANi]"
    assert base(template, replace(TEA, subtitle_group=None)) == "S01E02 [1080p]"
    assert base(template, replace(TEA, subtitle_group=None, resolution=None)) == "S01E02 [raw]"


def test_a_condition_asks_for_a_value_without_showing_it() -> None:
    template = EPISODE + " [<version?fixed|first>]"
    assert base(template) == "S01E02 [first]"
    assert base(template, replace(TEA, version=3)) == "S01E02 [fixed]"


def test_optional_parts_can_lie_inside_each_other() -> None:
    template = EPISODE + "< [{group}< {resolution}>]>"
    assert base(template) == "S01E02 [ANi 1080p]"
    assert base(template, replace(TEA, resolution=None)) == "S01E02 [ANi]"


def test_numbers_have_as_many_digits_as_asked_for_and_never_fewer_than_they_need() -> None:
    assert base("S{season}E{episode:03}<-E{episode_end:03}>") == "S1E002"
    assert base("S{season}E{episode:03}<-E{episode_end:03}>", replace(TEA, episode_no=1071)) == "S1E1071"


def test_a_brace_is_written_twice() -> None:
    assert base("{{{title}}} " + EPISODE) == "{Tea} S01E02"


def test_a_year_is_not_written_twice() -> None:
    titled = replace(TEA, anime_title="Tea (2023)")
    assert path(EVERYTHING, titled).startswith("Tea (2023)/")


def test_a_title_that_misleads_season_parsers_gets_its_year_by_any_template() -> None:
    special = "{title}/<special?Specials|S{season:02}>/" + EPISODE
    assert path(special, replace(TEA, anime_title="Spec")) == "Spec (2023)/S01/S01E02"
    assert path(special, replace(TEA, anime_title="Spec", series_no=0)) == "Spec (2023)/Specials/S00E02"
    assert path(DEFAULT_TEMPLATE, replace(TEA, anime_title="Spec")).startswith("Spec/")


def test_the_template_of_the_wish_is_the_one_that_counts() -> None:
    asked = replace(TEA, naming="{title}/S{season}/" + EPISODE)
    assert path(DEFAULT_TEMPLATE, asked) == "Tea/S1/S01E02"
    unknown = replace(TEA, naming="{title}/of a later Seiton/{episode_hash}")
    refused = render(unknown, NamingProfile())
    assert isinstance(refused, Impossible)
    assert (refused.code, refused.detail) == (WhyImpossible.TEMPLATE, unknown.naming)


# What it cannot say


@pytest.mark.parametrize(
    ("template", "code", "position"),
    [
        ("", "empty", None),
        ("  ", "empty", None),
        ("x" * 501, "too_long", None),
        ("{title}/" + EPISODE, "parts", None),
        ("{title}/a/b/" + EPISODE, "parts", None),
        ("{title}//" + EPISODE, "part_empty", 8),
        ("/{title}/" + EPISODE, "part_empty", 0),
        ("{title}/S{season}/", "part_empty", 18),
        (".{title}/S{season}/" + EPISODE, "edge", 0),
        ("{title} /S{season}/" + EPISODE, "edge", 7),
        ("{title}: x/S{season}/" + EPISODE, "character", 7),
        ("{title}\\x/S{season}/" + EPISODE, "character", 7),
        ("{title}\n/S{season}/" + EPISODE, "character", 7),
        ("{title}\u202e/S{season}/" + EPISODE, "character", 7),
        ("{title}|x/S{season}/" + EPISODE, "syntax", 7),
        ("{title}?/S{season}/" + EPISODE, "syntax", 7),
        ("{title}>/S{season}/" + EPISODE, "syntax", 7),
        ("{title}</x>/S{season}/" + EPISODE, "slash_inside", 8),
        ("{title}}/S{season}/" + EPISODE, "brace", 7),
        ("{title}/S{season}/{title", "unclosed", 18),
        ("{title}/S{season}/<x", "unclosed", 18),
        ("{title}/S{season}/<<<<<x>>>>>", "too_deep", 22),
        ("{titel}/S{season}/" + EPISODE, "unknown", 0),
        ("{title}/S{season}/<titel?x>", "unknown", 19),
        ("{title}/S{season}/{}", "unknown", 18),
        ("{title}/S{season}/{title.__class__}", "unknown", 18),
        ("{title}/S{season}/{episode_title}", "episode_title", 18),
        ("{title}/S{season}/{special}", "only_condition", 18),
        ("{title}/S{season}/E{episode:x}", "format", 19),
        ("{title}/S{season}/E{episode:}", "format", 19),
        ("{title}/S{season}/E{episode:06}", "format", 19),
        ("{title}/S{season}/E{episode:02d}", "format", 19),
        ("{title:02}/S{season}/" + EPISODE, "format_text", 0),
        ("{title} [{group}]/S{season}/" + EPISODE, "optional", 9),
        ("{title}/S{season}/" + EPISODE + " {version}", "optional", 64),
        ("{title}< [{group}]>/S{season}/" + EPISODE, "varies", 11),
        ("{title} S{season}/S{season}/" + EPISODE, "varies", 10),
        ("<special?{title}|x>/S{season}/" + EPISODE, "varies", 1),
        ("{title}/S{season}/{title}{title}{title}{title} " + EPISODE, "too_wide", None),
        ("{title}/S{season}/" + "長" * 60 + EPISODE, "too_wide", None),
    ],
)
def test_a_template_is_refused_with_the_place_and_the_way_out(
    template: str, code: str, position: int | None
) -> None:
    found = fault(template)
    assert (found.code, found.position) == (code, position)
    assert isinstance(Layout.of(template), TemplateFault)


@pytest.mark.parametrize(
    ("template", "one", "other"),
    [
        ("{title}/Season {season:02}/{title}", "葬送的芙莉蓮 S01E01", "葬送的芙莉蓮 S01E02"),
        ("{title}/Season 01/E{episode}", "葬送的芙莉蓮 S01E01", "葬送的芙莉蓮 S00E01"),
        ("Anime/Season {season}/" + EPISODE, "葬送的芙莉蓮 S01E01", "86 S01E01"),
        ("<year?{title}|Anime>/Season {season}/" + EPISODE, "86 S01E01", "Re:ゼロ? S01E01"),
    ],
)
def test_two_episodes_on_one_path_are_refused_and_named(template: str, one: str, other: str) -> None:
    found = fault(template)
    assert found.code == "same_path"
    assert str(found.values["one"]).startswith(one)
    assert str(found.values["other"]).startswith(other)


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        ("{title} {season}x{episode:02}", "no_number"),
        ("{title} - {episode:02} (S{season})", "no_number"),
        ("{title} S{season:02}E{episode:02}{resolution}", "optional"),
        ("{title} S{season:02}E{episode:02}", "no_end"),
        ("{title} S{season:02}E{episode:02}<group?-E{episode_end:02}>", "no_end"),
        (EPISODE + "{title}", "misread"),
        (EPISODE + "<-{resolution}>", "misread"),
        (EPISODE + "<_{resolution}>", "misread"),
        (EPISODE + "< - {group}>", "misread"),
        (EPISODE + "<{group}>", "misread"),
        (EPISODE + "<.{resolution}>", "no_number"),
        (EPISODE + " - {title}", "extra"),
        ("{title} " + EPISODE + "< v{version}>-other", "extra"),
        ("S01E01 {title} " + EPISODE, "no_number"),
    ],
)
def test_names_that_media_servers_would_misread_are_refused(rest: str, code: str) -> None:
    assert fault("{title}/Season {season:02}/" + rest).code == code


@pytest.mark.parametrize(
    "season", ["第{season}季", "{season}", "SP{season}", "{title} {season}", "Season {season} x"]
)
def test_a_season_folder_that_servers_do_not_know_is_refused(season: str) -> None:
    assert fault("{title}/" + season + "/" + EPISODE).code == "season_folder"


def test_specials_among_the_seasons_are_refused() -> None:
    assert fault("{title}/Specials/" + EPISODE).code == "season_folder"


@pytest.mark.parametrize(
    "template",
    [
        DEFAULT_TEMPLATE,
        EVERYTHING,
        "{title}/S{season}/" + EPISODE,
        "{title}/s{season:02}/{title}.s{season:02}e{episode:02}<-e{episode_end:02}>",
        "{title}/Season {season}/" + EPISODE + " - [<{group}|raw>]",
    ],
)
def test_usual_templates_pass_and_show_every_sample(template: str) -> None:
    checked = check_template(template)
    assert checked.faults == ()
    assert len({path_key(sample.path.encode()) for sample in checked.samples}) == len(SAMPLES)


def test_what_the_servers_read() -> None:
    assert read_numbers("Tea - S01E02") == Numbers(season=1, first=2, last=2)
    assert read_numbers("Tea - S01E02-E04 [x264]") == Numbers(season=1, first=2, last=4)
    assert read_numbers("Tea - S01E03 - x264") == Numbers(season=1, first=3, last=264)
    assert read_numbers("Tea S01E03_1080p") == Numbers(season=1, first=3, last=1080)
    assert read_numbers("Tea - S01E02 S02E03") is None
    assert read_numbers("Tea - S01E02b") is None
    assert [read_season(name) for name in ("Season 01", "S2", "specials", "第1季", "01")] == [
        1,
        2,
        0,
        None,
        None,
    ]
    assert [is_extra(f"S01E01{end}") for end in ("-other", "-trailer2", " part 2", " [Other]")] == [
        True,
        True,
        True,
        False,
    ]


# Whatever the values

TEMPLATES = st.builds(
    "{}/{}/{}{}{}".format,
    st.sampled_from(["{title}", "{title}< ({year})>", "<({year}) >{title}", "anime {title}", "[{title}]"]),
    st.sampled_from(["Season {season:02}", "S{season}", "<special?Specials|Season {season}>"]),
    st.sampled_from(["", "{title} - ", "{title}.", "<[{group}] >", "[{title}]", "<year?{title} |x>"]),
    st.sampled_from([EPISODE, "s{season}e{episode:04}<-e{episode_end}>"]),
    st.sampled_from(["", "< [{group}]>", " [<{group}|<{resolution}|raw>>]", "< [v{version}]>", " ({title})"]),
)
TITLES = (
    st.text(max_size=20)
    | st.sampled_from(["Part 2", "K", "86", "S02E03", "../..", "s1e1", "長" * 90, "x" * 126 + "S1"])
    | st.builds("{}{}".format, st.sampled_from(["長" * 41, "x" * 126]), st.text(max_size=6))
)
GROUP_LONG = "字幕組&" * 30
METAS = st.builds(
    EpisodeMeta,
    anime_title=TITLES,
    series_no=st.integers(0, 99_999),
    episode_no=st.integers(0, 99_999),
    subtitle_group=st.none()
    | st.text(max_size=8)
    | st.sampled_from(["x264", "E99", "../b", "]S02E03[", GROUP_LONG]),
    resolution=st.none() | st.text(max_size=8) | st.sampled_from(["1080p", "4K", "3840x2160", "a/b"]),
    version=st.integers(1, 99),
    show=st.builds(ShowFacts, year=st.none() | st.integers(1900, 2100)),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(template=TEMPLATES, meta=METAS, span=st.integers(0, 3))
@example(template=EVERYTHING, meta=replace(TEA, anime_title="a/../../b", subtitle_group="../x"), span=0)
def test_no_value_leaves_its_component_and_servers_read_the_right_number(
    template: str, meta: EpisodeMeta, span: int
) -> None:
    meta = replace(meta, episode_end=meta.episode_no + span)
    name = render(meta, NamingProfile(template=template))
    if isinstance(name, Impossible):
        return
    assert name.stem.count(b"/") == 2
    for component in (name.show, name.season, name.base):
        assert component == unicodedata.normalize("NFC", component)
        assert component not in ("", ".", "..")
        assert not component.startswith((".", " "))
        assert not component.endswith((".", " "))
        assert not set('/\\:*?"<>|') & set(component)
        assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in component)
        assert len(component.encode()) <= BASE_BYTES + len("[]")
    assert read_numbers(name.base) == numbers_of(meta)
    assert read_season(name.season) == meta.series_no


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(template=TEMPLATES, meta=METAS, other=st.tuples(st.integers(0, 30), st.integers(0, 1200)))
def test_two_episodes_of_a_show_never_share_a_path(
    template: str, meta: EpisodeMeta, other: tuple[int, int]
) -> None:
    assume(other != (meta.series_no, meta.episode_no))
    names = [
        render(one, NamingProfile(template=template))
        for one in (meta, replace(meta, series_no=other[0], episode_no=other[1]))
    ]
    stems = [path_key(name.stem) for name in names if isinstance(name, Name)]
    assert len(set(stems)) == len(stems)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(template=TEMPLATES, meta=METAS, other=TITLES)
def test_two_shows_share_a_folder_only_if_their_titles_are_one_to_the_disk(
    template: str, meta: EpisodeMeta, other: str
) -> None:
    pair = (meta, replace(meta, anime_title=other))
    by_default = [render(one, NamingProfile()) for one in pair]
    names = [render(one, NamingProfile(template=template)) for one in pair]
    if all(isinstance(name, Name) for name in (*by_default, *names)):
        (one, two), (first, second) = by_default, names
        assert isinstance(one, Name) and isinstance(two, Name)
        assert isinstance(first, Name) and isinstance(second, Name)
        if path_key(first.show_folder) == path_key(second.show_folder):
            shows = [path_key(name.show_folder) for name in (one, two)]
            assert shows[0] == shows[1] or f"({meta.show.year})" in "".join((meta.anime_title, other))


@settings(deadline=None)
@given(st.text(alphabet='{}<>|?/:02 -[]titleseasonEp_"\\.長', max_size=80))
@example("{title}/Season {season:02}/S{season}E{episode}<-E{episode_end}>")
def test_any_text_is_a_template_or_is_refused_with_a_sentence(text: str) -> None:
    for found in check_template(text).faults:
        assert found.template.format(**found.values)
        assert found.position is None or 0 <= found.position <= len(text)


def test_a_tenth_and_a_special_stay_apart_by_any_template() -> None:
    tenth, special = place_number(1, 12, tenths=5), place_number(0, 12)
    placed = [replace(TEA, series_no=one.series_no, episode_no=one.episode_no) for one in (tenth, special)]
    for template in (DEFAULT_TEMPLATE, EVERYTHING):
        assert len({path(template, meta) for meta in placed}) == 2
