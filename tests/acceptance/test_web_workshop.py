"""The workshop in a real browser: what a rule would do is seen before it does it, live, and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from seiton.core.queries import list_parsers
from seiton.demo.sample import EDITED
from tests.acceptance.browser import Complaints, Site
from tests.acceptance.browser import browser as browser
from tests.acceptance.browser import site as site

pytestmark = pytest.mark.timeout(300)

PATIENCE_MS = 60_000


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A page of a visitor who reads English; what the browser complains of fails the test."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    complaints = Complaints(page, site.address)
    yield page
    context.close()
    assert complaints.found == []


def library_of(site: Site) -> list[str]:
    root = Path(site.seiton.settings.library)
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.mkv"))


def parser_named(site: Site, name: str) -> int:
    rows = list_parsers(site.seiton.core, created_from_type=None, created_from_id=None)
    return next(int(row["parser_id"]) for row in rows if row["name"] == name)


def test_a_rule_is_edited_with_its_plan_in_sight_applied_live_and_undone(site: Site, page: Page) -> None:
    before = library_of(site)
    page.goto(f"{site.address}/parsers/{parser_named(site, EDITED)}")
    titles, impact = page.locator("#titles"), page.locator("#impact")
    expect(titles.locator("mark.f-episode_no").first).to_have_text("13")
    expect(impact).to_contain_text("No file of the library would move")

    page.locator("#episode_no_value").fill("$4")
    page.locator("[name=anime_title_source]").select_option("static")
    page.locator("#anime_title_value").fill(EDITED)
    expect(titles.locator("mark.f-episode_no").first).to_have_text("12")
    expect(impact.locator(".move")).to_have_count(12, timeout=PATIENCE_MS)
    expect(impact.locator(".move ins").first).to_be_visible()
    expect(page.locator("#verdict")).to_contain_text("12 files move")
    assert library_of(site) == before, "a preview moves nothing"

    page.get_by_role("button", name="Save").click()
    expect(page.locator("#progress .chip.good").first).to_have_text("done", timeout=PATIENCE_MS)
    expect(page.locator("#progress .move")).to_have_count(12)
    corrected = library_of(site)
    assert corrected != before
    assert not [name for name in corrected if "帥" in name]

    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("parser edited")
    expect(page.locator("#progress .chip.good").first).to_have_text("done", timeout=PATIENCE_MS)
    assert library_of(site) == before


def test_a_fault_in_a_pattern_is_shown_at_its_character(site: Site, page: Page) -> None:
    page.goto(f"{site.address}/parsers/{parser_named(site, EDITED)}")
    page.locator("#parse_regex").fill(r"^\[(NorthPier\] (.+)")
    fault = page.locator("#fault-parse_regex")
    expect(fault).to_contain_text("closing parenthesis")
    expect(fault.locator("mark")).to_have_text("(")
    expect(page.locator("#impact")).to_contain_text("First mend what is marked")


def test_parsers_are_put_in_order_with_the_keyboard(site: Site, page: Page) -> None:
    page.goto(f"{site.address}/parsers")
    mine = page.get_by_role("list", name="Your parsers")
    names = mine.locator("a.name").all_text_contents()
    handle = mine.locator("li").first.locator(".handle")
    handle.focus()
    handle.press("ArrowDown")
    page.keyboard.press("Escape")
    assert mine.locator("a.name").all_text_contents() == names, "Escape leaves the order"
    mine.locator("li").nth(1).locator(".handle").focus()
    page.keyboard.press("ArrowUp")
    with page.expect_response("**/place"):
        page.keyboard.press("Enter")
    wanted = [names[1], names[0], *names[2:]]
    expect(mine.locator("a.name")).to_have_text(wanted)
    page.reload()
    expect(mine.locator("a.name")).to_have_text(wanted)


def test_a_parser_dragged_to_where_it_changes_something_asks_first(site: Site, page: Page) -> None:
    page.goto(f"{site.address}/parsers/new")
    page.locator("#name").fill("Everything of NorthPier")
    page.locator("#condition_regex").fill("NorthPier")
    page.locator("#kind").select_option("structural")
    page.locator("#parse_regex").fill("")
    page.locator("#priority").fill("-5")
    expect(page.locator("#titles .chip.good")).to_contain_text("18 read")
    expect(page.locator("#titles mark.f-anime_title").first).to_be_visible()
    expect(page.locator("#impact")).to_contain_text("No file of the library would move")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#progress .chip.good").first).to_have_text("done", timeout=PATIENCE_MS)

    page.goto(f"{site.address}/parsers")
    mine = page.get_by_role("list", name="Your parsers")
    last, first = mine.locator("li").last, mine.locator("li").first
    last.locator(".handle").hover()
    page.mouse.down()
    box = first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 60, box["y"] + 30, steps=6)
    page.mouse.move(box["x"] + 60, box["y"] + 4, steps=3)
    page.mouse.up()
    proposal = page.locator("[data-announce]")
    expect(proposal).to_contain_text("If Everything of NorthPier stood there")
    expect(proposal).to_contain_text("18 releases read otherwise")
    page.get_by_role("button", name="Leave it as it was").click()
    expect(proposal).to_have_count(0)
    expect(mine.locator("li").last).to_contain_text("Everything of NorthPier")
