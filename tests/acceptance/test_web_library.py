"""The library with what a source knows about it, in a real browser: posters, episodes, who says what."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from seiton.core.feeds.subscriptions import add_subscription, fetch_subscription
from seiton.core.works.airing import list_airing
from tests.acceptance.browser import (
    PATIENCE_MS,
    PATIENCE_S,
    PHONE,
    Complaints,
    Site,
    barriers_of,
    running_site,
    visit,
)
from tests.acceptance.browser import browser as browser
from tests.acceptance.known_works import BROADCAST, make_known, source_of_facts
from tests.integration.indexer import indexer

BARRIERLESS = (
    "/library",
    "/library/1",
    "/library/2",
    "/library/releases/1",
    "/season",
    "/season/works/201",
    "/wanted",
    "/identity",
    "/identity/unknown",
    "/identity/fixes",
    "/identity/fixes?titles=1",
    "/identity/series/1",
    "/identity/series/1/merge/2",
)
"""Pages that nobody is kept out of, on a desk or a phone."""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo's library, of which a source knows four works."""
    folder = tmp_path_factory.mktemp("known")
    with source_of_facts() as source, running_site(folder, bangumi_url=source.base) as site:
        site.fill()
        make_known(site)
        yield site


def open_work(page: Page, site: Site, title: str) -> None:
    page.goto(f"{site.address}/library")
    page.locator(".work", has_text=title).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def test_works_show_their_posters_and_others_one_that_is_drawn(browser: Browser, site: Site) -> None:
    page = visit(browser, site)
    complaints = Complaints(page, site.address)
    page.goto(f"{site.address}/library")
    posters = page.locator(".work .poster")
    expect(posters).to_have_count(5)
    shown = page.locator(".work img")
    expect(shown).to_have_count(4)
    page.wait_for_function("[...document.images].every(one => one.complete && one.naturalWidth > 0)")
    expect(page.locator(".work", has_text="雨巷製琴帥").locator(".drawn")).to_have_text("雨巷製琴帥")
    answer = page.request.get(f"{site.address[: -len('/ui')]}{shown.first.get_attribute('src')}")
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    assert page.request.get(f"{site.address}/pictures/{'0' * 64}.png").status == 404
    assert complaints.found == []
    page.context.close()


def test_a_season_shows_what_is_there_missing_and_to_come(browser: Browser, site: Site) -> None:
    page = visit(browser, site)
    open_work(page, site, "星燈郵便局")
    rows = page.locator("#main .rows > li")
    expect(rows).to_have_count(12)
    expect(rows.nth(0)).to_contain_text("第1話")
    expect(rows.nth(0).locator(".chip").first).to_have_text("in the library")
    expect(rows.nth(6).locator(".chip").first).to_have_text("wanted")
    expect(rows.nth(11).locator(".chip").first).to_have_text("to come")
    page.context.close()


def test_a_field_says_who_says_it_and_is_set_by_hand_after_a_preview(browser: Browser, site: Site) -> None:
    page = visit(browser, site)
    complaints = Complaints(page, site.address)
    open_work(page, site, "鯨背山の測量士")
    first = page.locator("#main .rows > li").first
    first.locator("summary").first.click()
    origins = first.locator("table")
    expect(origins).to_contain_text("read from the title")
    expect(origins).to_contain_text("facts of bgm/102")
    expect(first.locator(".history")).to_contain_text("as it was downloaded")
    first.get_by_label("Episode by hand").fill("31")
    first.get_by_role("button", name="See what it would do: Episode").click()
    expect(page.locator("#main .move")).to_have_count(1)
    page.get_by_role("button", name="Do it").click()
    expect(page.locator("#progress .chip.good").first).to_have_text("done", timeout=PATIENCE_MS)
    open_work(page, site, "鯨背山の測量士")
    moved = page.locator("#main .rows > li", has=page.locator(".ep", has_text="31"))
    moved.locator("summary").first.click()
    expect(moved.locator(".history")).to_contain_text("S01E01")
    expect(moved.locator("table")).to_contain_text("set by hand")
    moved.get_by_role("link", name="See what undo would do").first.click()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#progress .chip.good").first).to_have_text("done", timeout=PATIENCE_MS)
    assert complaints.found == []
    page.context.close()


def test_a_suggestion_with_its_poster_is_refused_or_accepted(browser: Browser, site: Site) -> None:
    page = visit(browser, site)
    complaints = Complaints(page, site.address)
    open_work(page, site, "雨巷製琴帥")
    page.get_by_role("link", name="Say which it is").click()
    page.get_by_role("button", name="Look for it").click()
    expect(page.locator(".choice")).to_have_count(2)
    page.wait_for_function("[...document.images].every(one => one.complete && one.naturalWidth > 0)")
    page.goto(f"{site.address}/inbox")
    expect(page.locator(".choice")).to_have_count(2)
    page.locator(".choice", has_text="雨路地の弦楽器職人").get_by_role("button", name="No").click()
    expect(page.get_by_role("status").first).to_contain_text("not suggested again")
    page.locator(".choice", has_text="鯨背山の測量士").get_by_role("button", name="That is it").click()
    merge = page.locator("li", has_text="both are bgm/102")
    merge.get_by_role("link", name="See what it would do").click()
    expect(page.locator("#main .summary")).to_contain_text("files move")
    page.get_by_role("link", name="Leave it as it was").click()
    page.goto(f"{site.address}/identity/unknown?q=雨巷製琴帥")
    expect(page.locator("#found")).to_contain_text("No work is called that")
    assert complaints.found == []
    page.context.close()


def test_the_week_shows_what_is_broadcast_and_has_it_fetched(browser: Browser, site: Site) -> None:
    page = visit(browser, site)
    complaints = Complaints(page, site.address)
    page.get_by_role("link", name="This season").click()
    expect(page.locator(".weekday")).to_have_count(7)
    expect(page.locator(".weekday.today")).to_have_count(1)
    shown = page.locator(".slot").count()
    page.get_by_role("link", name="Week before").click()
    expect(page.locator(".slot").first).to_be_visible()
    page.get_by_role("link", name="this week").click()
    expect(page.locator(".slot")).to_have_count(shown)
    page.get_by_role("link", name="Week before").click()
    page.get_by_role("button", name="Fetch what has aired").click()
    expect(page.get_by_role("status").first).to_contain_text("It is being looked for")
    expect(page.locator(".seeking")).to_contain_text("looked for", timeout=PATIENCE_MS)
    assert complaints.found == []
    page.context.close()


def test_what_else_is_broadcast_is_followed_after_a_look_at_what_a_feed_would_bring(
    browser: Browser, site: Site
) -> None:
    core = site.seiton.core
    with indexer() as site_of_search:
        site_of_search.titles = ["[NorthPier] 候潮食堂 - 01 [1080p]", "[NorthPier] 候潮食堂 - 02 [1080p]"]
        feed = add_subscription(core, {"source_url": site_of_search.feed_url})
        fetch_subscription(core, feed["subscription_id"])
        page = visit(browser, site)
        complaints = Complaints(page, site.address)
        page.goto(f"{site.address}/season")
        assert core.progress.wait(lambda: len(list_airing(core)) == len(BROADCAST), PATIENCE_S)
        page.goto(f"{site.address}/season")
        works = page.locator(".airing > li")
        expect(works).to_have_count(len(BROADCAST))
        expect(works.filter(has_text="星燈郵便局")).to_have_count(0)
        works.filter(has_text="候潮食堂").get_by_role("link", name="Subscribe").click()
        page.locator(".tabs a", has_text=site_of_search.base.removeprefix("http://")).click()
        expect(page.locator("#found .titles > li")).to_have_count(2, timeout=PATIENCE_MS)
        expect(page.locator("#found mark").first).to_be_visible()
        page.get_by_role("button", name="Subscribe").click()
        expect(page.get_by_role("status").first).to_contain_text("It is followed from now on")
        page.goto(f"{site.address}/season/works/206")
        expect(page.locator(".sheet .chip.good")).to_have_text("followed")
        assert complaints.found == []
        page.context.close()


def test_what_is_missing_is_found_at_an_indexer_with_one_button(browser: Browser, site: Site) -> None:
    with indexer() as site_of_search:
        core = site.seiton.core
        feed = add_subscription(core, {"source_url": site_of_search.feed_url})
        fetch_subscription(core, feed["subscription_id"])
        site_of_search.titles = [
            "[NorthPier] 星燈郵便局 / 星あかり郵便局 / X - 07 [WebRip 1080p HEVC AAC][CHT]"
        ]
        page = visit(browser, site)
        complaints = Complaints(page, site.address)
        page.goto(f"{site.address}/wanted?q=星燈")
        row = page.locator("li.wanted")
        expect(row).to_contain_text("第7話")
        row.locator(".missing > li", has_text="07").get_by_role("button").click()
        expect(row.locator(".sought")).to_contain_text("1 of them new", timeout=PATIENCE_MS)
        page.goto(f"{site.address}/wanted?q=星燈")
        expect(page.locator("li.wanted .missing .ep").first).not_to_have_text("07")
        assert complaints.found == []
        page.context.close()


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_no_page_of_the_library_has_a_barrier(browser: Browser, site: Site, theme: str) -> None:
    page = visit(browser, site)
    page.get_by_role("button", name=theme, exact=True).click()
    assert barriers_of(page, site, BARRIERLESS) == []
    page.context.close()


def test_no_page_of_the_library_is_wider_than_a_phone(browser: Browser, site: Site) -> None:
    page = visit(browser, site, PHONE, "zh-TW")
    for path in BARRIERLESS:
        page.goto(f"{site.address}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], path
    page.context.close()
