"""Who may come in: from this machine, from another, with a password, with a token, from a foreign page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from seiton.bootstrap import Seiton
from seiton.config import Settings
from seiton.core.access.people import add_person
from seiton.core.access.tokens import create_token
from seiton.domain.access import Role, Scope, pause_after

PASSWORD = "correct horse"
HERE, ELSEWHERE = ("127.0.0.1", 50000), ("192.0.2.7", 50000)


class House:
    """A Seiton that stands still, and clients that come to it from this machine or another."""

    def __init__(self, folder: Path, **settings: object) -> None:
        given = {"data": folder / "data", "port": 0, **settings}
        self.seiton = Seiton(Settings.model_validate(given), loopback_only=True)
        self.core = self.seiton.core
        self.app = self.seiton.application()

    def visitor(self, address: tuple[str, int] = ELSEWHERE, base: str = "http://127.0.0.1") -> TestClient:
        return TestClient(self.app, base_url=base, client=address, follow_redirects=False)


@contextmanager
def house(folder: Path, **settings: object) -> Iterator[House]:
    found = House(folder, **settings)
    try:
        yield found
    finally:
        found.seiton.close()


def token_in(text: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found is not None
    return found[1]


def send(client: TestClient, path: str, page: str = "/ui/login", **form: str) -> Any:
    """Fill in the form of ``page`` as a person would."""
    csrf = token_in(client.get(page).text)
    return client.post(path, data={"csrf": csrf} | form)


def test_on_this_machine_alone_no_password_is_asked_for(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        client = here.visitor(HERE)
        assert client.get("/ui/").status_code == 200
        assert "Nobody is asked for a password" in client.get("/ui/access").text
        assert client.get("/parsers").status_code == 200


def test_a_browser_is_led_to_the_pages_and_a_program_is_not(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        client = here.visitor(HERE)
        assert client.get("/", headers={"accept": "text/html"}).headers["location"] == "/ui/"
        assert client.get("/", headers={"accept": "application/json"}).status_code == 404


def test_where_other_machines_can_come_the_first_password_is_set_with_the_code(tmp_path: Path) -> None:
    with house(tmp_path, host="0.0.0.0") as there:
        assert there.seiton.entrance is not None
        client = there.visitor()
        assert client.get("/ui/parsers").headers["location"] == "/ui/welcome"
        answer = {"name": "ann", "password": PASSWORD, "again": PASSWORD}
        refused = send(client, "/ui/welcome", "/ui/welcome", **answer, code="guess")
        assert refused.status_code == 422
        assert "not the one" in refused.text
        taken = send(client, "/ui/welcome", "/ui/welcome", **answer, code=there.seiton.entrance.code)
        assert taken.headers["location"] == "/ui/"
        cookie = next(c for c in taken.headers.get_list("set-cookie") if c.startswith("seiton_session="))
        assert "HttpOnly" in cookie and "SameSite=lax" in cookie
        assert client.get("/ui/").status_code == 200
        assert there.visitor().get("/ui/").headers["location"] == "/ui/login"
        assert there.visitor().get("/ui/welcome").headers["location"] == "/ui/login", "only the first one"


def test_a_wrong_password_is_refused_and_after_some_nobody_may_guess_for_a_while(tmp_path: Path) -> None:
    with house(tmp_path, host="0.0.0.0") as there:
        add_person(there.core, "ann", PASSWORD, Role.ADMIN)
        began = there.core.now()
        there.core.now = lambda: began
        client = there.visitor()
        for _try in range(5):
            assert "wrong" in send(client, "/ui/login", name="ann", password="guessed it").text
        refused = send(client, "/ui/login", name="ann", password=PASSWORD)
        assert "Too many wrong passwords" in refused.text
        there.core.now = lambda: began + pause_after(5)
        assert send(client, "/ui/login", name="ann", password=PASSWORD).headers["location"] == "/ui/"


def test_a_session_ends_when_somebody_logs_out_or_stays_away(tmp_path: Path) -> None:
    with house(tmp_path, host="0.0.0.0") as there:
        add_person(there.core, "ann", PASSWORD, Role.ADMIN)
        client = there.visitor()
        send(client, "/ui/login", name="ann", password=PASSWORD)
        kept = client.cookies["seiton_session"]
        send(client, "/ui/logout", "/ui/parsers")
        client.cookies.set("seiton_session", kept)
        assert client.get("/ui/").headers["location"] == "/ui/login"
        client.cookies.delete("seiton_session")
        send(client, "/ui/login", name="ann", password=PASSWORD)
        assert client.get("/ui/").status_code == 200
        late = there.core.now() + timedelta(days=31)
        there.core.now = lambda: late
        assert client.get("/ui/").headers["location"] == "/ui/login"


def test_who_may_only_look_changes_nothing(tmp_path: Path) -> None:
    with house(tmp_path, host="0.0.0.0") as there:
        add_person(there.core, "ann", PASSWORD, Role.ADMIN)
        add_person(there.core, "bob", PASSWORD, Role.VIEWER)
        client = there.visitor()
        send(client, "/ui/login", name="bob", password=PASSWORD)
        assert client.get("/ui/parsers").status_code == 200
        assert client.get("/ui/access").status_code == 403
        assert send(client, "/ui/parsers/1/switch", "/ui/parsers").status_code == 403
        assert client.get("/parsers").status_code == 200
        assert client.post("/parsers", json={}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://elsewhere.example"},
        {"sec-fetch-site": "cross-site"},
        {"origin": "http://127.0.0.1:9"},
    ],
)
def test_a_form_of_another_page_is_refused(tmp_path: Path, headers: dict[str, str]) -> None:
    with house(tmp_path) as here:
        client = here.visitor(HERE)
        csrf = token_in(client.get("/ui/parsers").text)
        answer = client.post("/ui/parsers/1/switch", data={"csrf": csrf}, headers=headers)
        assert answer.status_code == 403
        assert client.post("/parsers", json={}, headers=headers).status_code == 403


def test_a_form_without_its_token_is_refused(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        client = here.visitor(HERE)
        client.get("/ui/parsers")
        assert client.post("/ui/parsers/1/switch").status_code == 403
        assert client.post("/ui/parsers/1/switch", data={"csrf": "x" * 32}).status_code == 403
        fresh = here.visitor(HERE)
        assert fresh.post("/ui/parsers/1/switch", data={"csrf": ""}).status_code == 403


def test_a_name_that_is_not_ours_is_refused_where_no_password_protects(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        rebound = here.visitor(HERE, base="http://elsewhere.example")
        assert rebound.get("/ui/").status_code == 403
        assert rebound.get("/parsers", headers={"sec-fetch-site": "same-origin"}).status_code == 200
        origin = {"origin": "http://elsewhere.example"}
        assert rebound.post("/parsers", json={}, headers=origin).status_code == 403


def test_programs_on_other_machines_need_a_token_that_covers_what_they_do(tmp_path: Path) -> None:
    with house(tmp_path, host="0.0.0.0", trusted_peers="198.51.100.0/24") as there:
        stranger = there.visitor()
        refused = stranger.get("/parsers")
        assert refused.status_code == 403
        assert refused.json()["code"] == "forbidden"
        tokens = {scope: create_token(there.core, scope.value, scope) for scope in Scope}

        def status(scope: Scope, method: str, path: str) -> int:
            headers = {"authorization": f"Bearer {tokens[scope]}"}
            return stranger.request(method, path, json={}, headers=headers).status_code

        assert status(Scope.READ, "GET", "/parsers") == 200
        assert status(Scope.READ, "POST", "/parsers") == 403
        assert status(Scope.WRITE, "POST", "/parsers") == 422
        assert status(Scope.MODULE, "GET", "/parsers") == 403
        assert status(Scope.MODULE, "POST", "/services/register") == 422
        assert stranger.get("/parsers", headers={"authorization": "Bearer guessed"}).status_code == 403
        assert there.visitor(("198.51.100.9", 1)).get("/parsers").status_code == 200
        assert there.visitor(HERE).get("/parsers").status_code == 200
        proxied = there.visitor(HERE).get("/parsers", headers={"x-forwarded-for": "192.0.2.7"})
        assert proxied.status_code == 403, "a proxy on this machine is not this machine"


def test_a_token_is_shown_once_and_worth_nothing_when_it_was_revoked(tmp_path: Path) -> None:
    with house(tmp_path, host="0.0.0.0") as there:
        add_person(there.core, "ann", PASSWORD, Role.ADMIN)
        client = there.visitor()
        send(client, "/ui/login", name="ann", password=PASSWORD)
        made = send(client, "/ui/access/tokens", "/ui/access", name="script", scope="read")
        found = re.search(r"seiton_[\w-]{20,}", made.text)
        assert found is not None
        token = {"authorization": f"Bearer {found[0]}"}
        assert there.visitor().get("/parsers", headers=token).status_code == 200
        assert found[0] not in client.get("/ui/access").text
        send(client, "/ui/access/tokens/1/revoke", "/ui/access")
        assert there.visitor().get("/parsers", headers=token).status_code == 403


def test_the_last_admin_cannot_be_removed(tmp_path: Path) -> None:
    with house(tmp_path, host="0.0.0.0") as there:
        ann = add_person(there.core, "ann", PASSWORD, Role.ADMIN)
        client = there.visitor()
        send(client, "/ui/login", name="ann", password=PASSWORD)
        answer = send(client, f"/ui/access/people/{ann}/remove", "/ui/access")
        assert answer.status_code == 409
        assert "make somebody else an admin" in answer.text


def test_pages_let_nothing_be_loaded_from_elsewhere(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        client = here.visitor(HERE)
        for path in ("/ui/", "/ui/parsers", "/ui/parsers/1", "/ui/nothing"):
            answer = client.get(path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy and "unsafe" not in policy
            assert not re.findall(r"<script(?![^>]*\bsrc=\"/ui/static/)", answer.text)
            assert not re.findall(r"\bon[a-z]+=|style=", answer.text)
            assert not re.findall(r"(?:src|href|action)=\"(?!/|\?|#)", answer.text)
