"""The page of notifications in a real browser: targets, tests, what was said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from seiton.adapters.notifications import notifiers
from seiton.config.notifications import NotificationSettings
from seiton.core.notifications.happened import Happening, happened
from seiton.core.notifications.sending import send_due
from seiton.domain.states import Happens
from seiton.errors import InvalidInput, Problem
from seiton.faces.happenings import sentence
from tests.acceptance.browser import PHONE, Complaints, Site, barriers_of, running_site, visit
from tests.acceptance.browser import browser as browser
from tests.integration.test_notifications import SECRET, Receiver, receiving

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Site]:
    """Nothing in the library, nobody to be told yet."""
    folder = tmp_path_factory.mktemp("told")
    with running_site(folder, bangumi_url="off", mikan_url="off", private_hosts="127.0.0.1") as site:
        yield site


def name_targets(site: Site, *targets: tuple[str, str]) -> None:
    """Have the settings name these targets from now on."""
    named = [
        NotificationSettings.model_validate({"name": name, "kind": "webhook", "url": url})
        for name, url in targets
    ]
    core = site.seiton.core
    core.reread_notifiers = lambda: notifiers(named, core.web)


def test_targets_come_without_a_restart_and_say_how_they_are(
    browser: Browser, site: Site, receiver: Receiver
) -> None:
    page = visit(browser, site)
    complaints = Complaints(page, site.address)
    page.get_by_role("link", name="Notifications").click()
    expect(page.get_by_role("heading", name="Nobody is told yet")).to_be_visible()
    name_targets(site, ("phone", f"{receiver.base}/{SECRET}"), ("desk", f"{receiver.base}/{SECRET}?b"))
    page.get_by_role("button", name="Read the settings again").click()
    row = page.locator("#main .rows > li", has_text="phone")
    expect(row).to_contain_text("not asked yet")
    row.get_by_role("button", name="Send a test").click()
    expect(page.get_by_role("status").first).to_contain_text("The test was taken")
    expect(row.locator(".chip.good").last).to_have_text("answers")
    assert receiver.texts == ["This is a test. Notifications arrive here."]
    core = site.seiton.core
    with core.database.write() as connection:
        happened(connection, [Happening(kind=Happens.FILED, subject="Tea", count=3)], core.now())
    send_due(core, sentence)
    receiver.status = 503
    row.get_by_role("button", name="Send a test").click()
    expect(row.locator(".fault")).to_contain_text("HTTP 503")
    page.get_by_role("link", name="Sent", exact=True).click()
    expect(page.locator("#main")).to_contain_text("3 episodes of Tea were filed")
    page.get_by_role("link", name="Not arrived", exact=True).click()
    expect(page.locator("#main")).to_contain_text("Nothing here")
    assert SECRET not in page.content()
    assert complaints.found == []
    page.context.close()


def test_settings_that_are_wrong_are_told_and_change_nothing(
    browser: Browser, site: Site, receiver: Receiver
) -> None:
    name_targets(site, ("phone", f"{receiver.base}/{SECRET}"))
    page = visit(browser, site)
    page.goto(f"{site.address}/notifications")
    page.get_by_role("button", name="Read the settings again").click()
    expect(page.locator("#main .rows > li", has_text="phone").first).to_be_visible()

    def refuse() -> tuple[()]:
        raise InvalidInput([Problem(field="seiton.toml: notifications", message="must be different")])

    site.seiton.core.reread_notifiers = refuse
    page.get_by_role("button", name="Read the settings again").click()
    expect(page.get_by_role("alert")).to_contain_text("must be different")
    expect(page.locator("#main .rows > li", has_text="phone").first).to_be_visible()
    page.context.close()


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_the_page_has_no_barrier(browser: Browser, site: Site, theme: str) -> None:
    page = visit(browser, site)
    page.get_by_role("button", name=theme, exact=True).click()
    assert barriers_of(page, site, ["/notifications", "/season"]) == []
    page.context.close()


def test_the_page_is_not_wider_than_a_phone(browser: Browser, site: Site) -> None:
    page = visit(browser, site, PHONE, "zh-TW")
    page.goto(f"{site.address}/notifications")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    page.context.close()
