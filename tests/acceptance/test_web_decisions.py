"""Decisions in a real browser: a hold resolved, a filter aimed, a feed left; what foreign pages send."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from seiton.core import tables
from seiton.core.modules.registry import Registration, register
from seiton.core.rules.pinning import set_pin
from seiton.domain.pins import PinField
from seiton.domain.states import ModuleType
from tests.acceptance.browser import PATIENCE_MS, Complaints, Site, barriers_of, visit
from tests.acceptance.browser import browser as browser
from tests.acceptance.browser import site as site
from tests.integration.messy_folders import put

pytestmark = pytest.mark.timeout(300)


def wait_until_done(page: Page) -> None:
    expect(page.locator("#progress .chip.good").first).to_have_text("done", timeout=PATIENCE_MS)


def test_a_hold_is_resolved_by_saying_what_it_is(browser: Browser, site: Site) -> None:
    library = Path(site.seiton.settings.library)
    (lying,) = library.rglob("*鯨背山*S01E01.mkv")
    foreign = lying.with_name(lying.name.replace("E01", "E31"))
    put(library, str(foreign.relative_to(library)), b"not ours")
    set_pin(site.seiton.core, link_id=_link_of(site, lying), field=PinField.EPISODE_NO, value=31)
    page = visit(browser, site)
    complaints = Complaints(page, site.address)
    page.goto(f"{site.address}/holds")
    held = page.locator("#main .rows > li", has_text="a file that is not Seiton's lies there")
    expect(held).to_have_count(1, timeout=PATIENCE_MS)
    held.get_by_label("It is another episode: say which.").fill("32")
    held.get_by_role("button", name="It is another episode: say which.").click()
    wait_until_done(page)
    page.goto(f"{site.address}/holds")
    expect(page.get_by_text("Nothing is held")).to_be_visible()
    assert foreign.read_bytes() == b"not ours"
    assert lying.with_name(lying.name.replace("E01", "E32")).is_file()
    assert complaints.found == []
    page.context.close()


def _link_of(site: Site, path: Path) -> int:
    table = tables.downloads.c
    with site.seiton.core.database.read() as connection:
        query = sa.select(table.link_id).where(table.library_path.endswith(path.name, autoescape=True))
        return int(connection.execute(query).scalar_one())


def test_a_filter_is_aimed_by_name_and_its_deletion_is_seen_beforehand(browser: Browser, site: Site) -> None:
    page = visit(browser, site)
    complaints = Complaints(page, site.address)
    page.goto(f"{site.address}/filters/new")
    page.get_by_label("Pattern").fill("1080p")
    page.get_by_label("It is for").select_option("anime")
    page.get_by_label("Which one").first.fill("Salt")
    page.locator(".pick", has_text="Salt Lake Line Diary").click()
    expect(page.locator("#preview")).to_contain_text("6 left out", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Save").click()
    page.goto(f"{site.address}/filters")
    expect(page.locator("#main .rows")).to_contain_text("anime: Salt Lake Line Diary")
    page.locator("#main a.name").first.click()
    expect(page.locator(".pick :checked + span")).to_have_text("Salt Lake Line Diary")
    page.get_by_role("link", name="Delete").click()
    expect(page.locator("#main .summary")).to_contain_text("6 fetched")
    assert barriers_of(page, site, (page.url.removeprefix(site.address), "/filters/1", "/filters")) == []
    page.goto(f"{site.address}/filters/1/delete")
    page.get_by_role("button", name="Delete").click()
    wait_until_done(page)
    page.get_by_role("button", name="Undo").click()
    wait_until_done(page)
    page.goto(f"{site.address}/filters")
    expect(page.locator("#main .rows > li")).to_have_count(1)
    assert complaints.found == []
    page.context.close()


def test_a_feed_is_left_and_followed_again(browser: Browser, site: Site) -> None:
    page = visit(browser, site)
    complaints = Complaints(page, site.address)
    page.goto(f"{site.address}/subscriptions/1")
    page.get_by_role("link", name="Follow it no more").click()
    expect(page.locator("#main .summary")).to_contain_text("30 downloads")
    assert barriers_of(page, site, ("/subscriptions/1/leave",)) == []
    page.get_by_role("button", name="Follow it no more").click()
    expect(page.get_by_text("No feed is followed yet")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Demo")
    assert complaints.found == []
    page.context.close()


def test_what_a_module_is_in_use_for_is_seen_before_it_is_switched_off(browser: Browser, site: Site) -> None:
    said = Registration(
        module_type=ModuleType.FETCHER,
        name="other fetcher",
        host="127.0.0.1",
        port=9,
        capabilities={},
        core_url=site.address,
        caller="127.0.0.1",
    )
    row = register(site.seiton.core, said)
    page = visit(browser, site)
    complaints = Complaints(page, site.address)
    page.goto(f"{site.address}/modules")
    page.get_by_role("link", name="Switch off").click()
    expect(page.locator("#main .summary")).to_contain_text("Nothing waits for it")
    assert barriers_of(page, site, (f"/modules/{row['service_id']}/off", "/modules")) == []
    page.goto(f"{site.address}/modules/{row['service_id']}/off")
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_role("button", name="Switch on")).to_be_visible()
    assert complaints.found == []
    page.context.close()


def test_a_form_of_a_foreign_page_and_a_stale_one_are_refused(browser: Browser, site: Site) -> None:
    page = visit(browser, site)
    target = f"{site.address}/subscriptions/1/leave"
    page.goto("data:text/html,<title>A foreign page</title>")
    page.set_content(f"<form method='post' action='{target}'><button>Win a prize</button></form>")
    page.get_by_role("button", name="Win a prize").click()
    expect(page.locator("#main")).to_contain_text("did not come from a page of Seiton")
    page.goto(f"{site.address}/subscriptions/1/leave")
    page.evaluate("for (const one of document.querySelectorAll('[name=csrf]')) one.value = 'guessed'")
    page.get_by_role("button", name="Follow it no more").click()
    expect(page.locator("#main")).to_contain_text("Load the page again, then repeat it.")
    page.goto(f"{site.address}/subscriptions/1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Demo")
    page.context.close()
