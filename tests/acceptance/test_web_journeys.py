"""From nothing to a library in a real browser; teaching by example; a phone in 繁體中文; no barriers."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from seiton.core.queries import list_parsers
from tests.acceptance.browser import PATIENCE_MS, PHONE, Complaints, Site, barriers_of, running_site, visit
from tests.acceptance.browser import browser as browser
from tests.acceptance.browser import site as site

pytestmark = pytest.mark.timeout(300)


def test_a_first_run_becomes_a_filed_library(browser: Browser, tmp_path: Path) -> None:
    with running_site(tmp_path) as fresh:
        page = visit(browser, fresh)
        complaints = Complaints(page, fresh.address)
        page.get_by_role("link", name="First steps").click()
        expect(page.locator(".steps")).to_contain_text(
            "A hard link from the downloads into the library works."
        )
        page.get_by_label("Address of a feed").fill(fresh.feed_url)
        page.get_by_role("button", name="Look at it").click()
        preview = page.locator("#preview")
        expect(preview).to_contain_text("25 titles", timeout=PATIENCE_MS)
        expect(preview.locator("mark.f-anime_title").first).to_be_visible()
        page.get_by_role("button", name="Follow it").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Mikan Project")
        page.get_by_role("link", name="Overview").click()
        filed = page.locator(".figure", has_text="episodes in the library").locator("b")
        expect(filed).to_have_text("30", timeout=PATIENCE_MS)
        page.get_by_role("link", name="Library").click()
        expect(page.locator(".work").first).to_contain_text("episodes")
        assert complaints.found == []
        page.context.close()


def test_a_title_that_is_marked_by_keys_teaches_a_parser(browser: Browser, site: Site) -> None:
    page = visit(browser, site)
    complaints = Complaints(page, site.address)
    page.goto(f"{site.address}/teach?q=Hoshiakari")
    page.locator("#found a.name").first.click()
    title = page.locator("[data-title]")
    text = title.input_value()
    work = "Hoshiakari Yuubinkyoku"
    start = text.index(work)
    title.focus()
    page.keyboard.press("Home")
    for _step in range(start):
        page.keyboard.press("ArrowRight")
    for _step in range(len(work)):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("1")
    lesson = page.locator("#lesson")
    expect(lesson.locator("mark.f-anime_title").first).to_have_text(work)
    expect(lesson).to_contain_text("6 titles")
    page.get_by_role("button", name="Take it to the workshop").click()
    expect(page.locator("#titles mark.f-anime_title").first).to_have_text(work)
    page.locator("#name").fill("Taught")
    page.locator("#priority").fill("90")
    expect(page.locator("#verdict")).to_contain_text("6 files move", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#progress .chip.good").first).to_have_text("done", timeout=PATIENCE_MS)
    expect(page.locator("#progress .move")).to_have_count(6)
    assert "Taught" in {
        row["name"] for row in list_parsers(site.seiton.core, created_from_type=None, created_from_id=None)
    }
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#progress .chip.good").first).to_have_text("done", timeout=PATIENCE_MS)
    assert complaints.found == []
    page.context.close()


@pytest.mark.parametrize(
    ("asked", "lang", "overview", "menu", "parsers", "own"),
    [
        ("zh-TW", "zh-Hant", "總覽", "選單", "解析器", "您的解析器"),
        ("zh-CN", "zh-Hans", "概览", "菜单", "解析器", "您的解析器"),
        ("ja", "ja", "概要", "メニュー", "パーサー", "あなたのパーサー"),
    ],
)
def test_a_phone_shows_everything_in_its_language(
    browser: Browser, site: Site, asked: str, lang: str, overview: str, menu: str, parsers: str, own: str
) -> None:
    page = visit(browser, site, PHONE, asked)
    complaints = Complaints(page, site.address)
    assert page.locator("html").get_attribute("lang") == lang
    expect(page.get_by_role("heading", level=1)).to_have_text(overview)
    page.get_by_role("button", name=menu).click()
    page.get_by_role("link", name=parsers, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(parsers)
    page.get_by_role("list", name=own).locator("a.name").first.click()
    expect(page.locator("#titles mark").first).to_be_visible()
    for path in ("/", "/parsers", "/inbox", "/resyncs", "/subscriptions", "/settings", "/library", "/access"):
        page.goto(f"{site.address}{path}")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE[0], f"{path} is wider than the screen"
    assert complaints.found == []
    page.context.close()


def test_language_and_darkness_are_chosen_and_kept(browser: Browser, site: Site) -> None:
    page = visit(browser, site)
    page.goto(f"{site.address}/resyncs?state=done")
    page.get_by_role("button", name="Dark", exact=True).click()
    assert page.url.endswith("/resyncs?state=done")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_label("Language").select_option("zh_Hant")
    expect(page.get_by_role("heading", level=1)).to_have_text("重新整理")
    page.goto(f"{site.address}/parsers")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("heading", level=1)).to_have_text("解析器")
    page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_a_barrier_that_axe_finds(browser: Browser, site: Site, theme: str) -> None:
    page = visit(browser, site)
    page.get_by_role("button", name=theme.title(), exact=True).click()
    parser_id = list_parsers(site.seiton.core, created_from_type=None, created_from_id=None)[0]["parser_id"]
    paths = (
        "/",
        "/start",
        "/library",
        "/library/1",
        "/inbox",
        "/parsers",
        "/parsers/new",
        f"/parsers/{parser_id}",
        "/parsers/1",
        f"/parsers/{parser_id}/delete",
        "/teach",
        "/teach/25",
        "/filters",
        "/filters/new",
        "/resyncs",
        "/resyncs/1",
        "/resyncs/4/undo",
        "/holds",
        "/downloads",
        "/subscriptions",
        "/subscriptions/1",
        "/settings",
        "/modules",
        "/access",
        "/log",
        "/welcome",
        "/nowhere",
    )
    barriers = barriers_of(page, site, paths)
    assert barriers == [], "\n".join(barriers)
    page.context.close()
