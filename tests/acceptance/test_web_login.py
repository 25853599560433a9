"""Coming in with a password, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.acceptance.browser import running_browser, running_site, visit

pytestmark = pytest.mark.timeout(300)

PASSWORD = "correct horse battery"


def test_with_a_password_everybody_is_asked_for_it(tmp_path: Path) -> None:
    with running_browser() as browser, running_site(tmp_path) as house:
        page = visit(browser, house)
        page.goto(f"{house.address}/access")
        page.get_by_label("Name").first.fill("ann")
        page.get_by_label("Password").first.fill(PASSWORD)
        page.get_by_role("button", name="Add").click()
        expect(page.get_by_role("status").first).to_be_visible()
        other = visit(browser, house)
        expect(other.get_by_role("heading", level=1)).to_have_text("Log in")
        other.goto(f"{house.address}/library")
        expect(other.get_by_role("heading", level=1)).to_have_text("Log in")
        other.get_by_label("Name").fill("ann")
        other.get_by_label("Password").fill("wrong horse")
        other.get_by_role("button", name="Log in").click()
        expect(other.get_by_role("alert")).to_be_visible()
        other.get_by_label("Name").fill("ann")
        other.get_by_label("Password").fill(PASSWORD)
        other.get_by_role("button", name="Log in").click()
        expect(other.get_by_role("heading", level=1)).to_have_text("Overview")
        other.get_by_role("button", name="Log out").click()
        expect(other.get_by_role("heading", level=1)).to_have_text("Log in")
        other.context.close()
        page.context.close()
