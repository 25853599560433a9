"""A library of one's own, adopted and corrected in a real browser, and the clicks that it takes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.acceptance.browser import PATIENCE_MS, PHONE, Complaints, barriers_of, running_site, visit
from tests.acceptance.browser import browser as browser
from tests.integration.messy_folders import make_messy_library, put, tree

pytestmark = pytest.mark.timeout(300)

MOST_CLICKS = 15


class Hand:
    """Clicks, and counts how often it did."""

    def __init__(self) -> None:
        self.clicks = 0

    def click(self, target: Locator) -> None:
        target.click()
        self.clicks += 1


def test_from_a_fresh_folder_to_a_corrected_library_it_takes_few_clicks(
    browser: Browser, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    for episode in range(1, 7):
        name = f"Kumo no Yuubin/[Sub] Kumo no Yuubin - {episode:02} [1080p]"
        put(library, f"{name}.mkv")
        put(library, f"{name}.zh-hant.ass")
    put(library, "Kumo no Yuubin/booklet.pdf", b"a booklet")
    before = tree(library)
    hand = Hand()
    with running_site(tmp_path) as site:
        page = visit(browser, site)
        complaints = Complaints(page, site.address)
        hand.click(page.get_by_role("link", name="Adopt what is there"))
        hand.click(page.get_by_role("button", name="Look through it"))
        expect(page.get_by_role("heading", level=1)).to_have_text("6 of 6 videos")
        expect(page.locator("#files .move")).to_have_count(6)
        assert tree(library) == before, "nothing is touched before it is confirmed"
        hand.click(page.get_by_role("button", name="Adopt them"))
        expect(page.locator("#progress .chip.good").first).to_have_text("done", timeout=PATIENCE_MS)
        hand.click(page.get_by_role("link", name="Library", exact=True))
        hand.click(page.locator(".work").first)
        hand.click(page.get_by_text("Set something by hand for the whole season"))
        page.get_by_label("Field of the season").select_option("anime_title")
        page.get_by_label("Value").fill("雲端郵便")
        hand.click(page.get_by_role("button", name="See what it would do", exact=True))
        expect(page.locator("#main .move")).to_have_count(6)
        hand.click(page.get_by_role("button", name="Do it"))
        expect(page.locator("#progress .chip.good").first).to_have_text("done", timeout=PATIENCE_MS)
        assert complaints.found == []
        page.context.close()
    there = {os.fsdecode(name) for name in tree(library)}
    videos = sorted(name for name in there if name.endswith(".mkv"))
    assert videos == [f"雲端郵便/Season 01/雲端郵便 - S01E{number:02}.mkv" for number in range(1, 7)]
    assert sum(name.endswith(".zh-hant.ass") for name in there) == 6
    assert "Kumo no Yuubin/booklet.pdf" in there
    print(f"clicks: {hand.clicks}")
    assert hand.clicks <= MOST_CLICKS


def test_a_messy_library_says_of_each_file_what_would_become_of_it(browser: Browser, tmp_path: Path) -> None:
    library = tmp_path / "library"
    make_messy_library(library)
    before = tree(library)
    with running_site(tmp_path) as site:
        page = visit(browser, site)
        complaints = Complaints(page, site.address)
        page.goto(f"{site.address}/adopt")
        page.get_by_label("Folder").fill("/nowhere/at/all")
        page.get_by_role("button", name="Look through it").click()
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_label("Folder").fill(str(library))
        page.get_by_role("button", name="Look through it").click()
        expect(page.locator("#main table")).to_contain_text("Frieren")
        page.get_by_role("link", name="Left alone").click()
        expect(page.locator("#files .why").first).to_be_visible()
        address = page.url.removeprefix(site.address).partition("#")[0]
        paths = ("/adopt", address, address.replace("left", "moved"))
        assert barriers_of(page, site, paths) == []
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        for path in paths:
            page.goto(f"{site.address}{path}")
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], path
        page.get_by_role("button", name="Throw the plan away").click()
        expect(page.get_by_role("status").first).to_contain_text("nothing was touched")
        refused = [one for one in complaints.found if "422" not in one]
        assert refused == []
        page.context.close()
    assert tree(library) == before
