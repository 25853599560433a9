"""Service tokens: our roles on several hosts know each other, and nobody else is let in or told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from seiton.bootstrap import Seiton
from seiton.config import Settings, describe, load_settings
from seiton.domain.access import is_one_of
from seiton.errors import InvalidInput
from seiton.roles import Role
from tests.acceptance.peers import Answer, Peer, Received

OLD, NEW = "old-" + "o" * 30, "new-" + "n" * 30
ELSEWHERE = ("192.0.2.7", 50_000)
TRUSTED = ("198.51.100.9", 50_000)


@contextmanager
def role(folder: Path, name: str, *tokens: str, **given: object) -> Iterator[Seiton]:
    """A role that others can come to and that stands still; addresses of 198.51.100.0/28 are trusted."""
    known = {"data": folder / name, "port": 0, "host": "0.0.0.0", "service_tokens": tokens}
    peers = {"trusted_peers": "198.51.100.0/28", "bangumi_url": "off", "mikan_url": "off"}
    settings = Settings.model_validate(known | peers | given)
    seiton = Seiton(settings, loopback_only=True, roles=frozenset({Role(name)}))
    try:
        yield seiton
    finally:
        seiton.close()


def visitor(seiton: Seiton, address: tuple[str, int] = ELSEWHERE, token: str | None = None) -> TestClient:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return TestClient(seiton.application(), client=address, headers=headers, base_url="http://core.test")


def registration(port: int = 8003, host: str = "localhost", name: str = "attic") -> dict[str, Any]:
    return {
        "service_type": "viewer",
        "service_name": name,
        "host": host,
        "port": port,
        "capabilities": {"sync_endpoint": "/sync"},
    }


WHAT_MODULES_SAY = [
    ("POST", "/services/register"),
    ("POST", "/sync-callback"),
    ("POST", "/raw-fetcher-results"),
]


@pytest.mark.parametrize(("method", "path"), WHAT_MODULES_SAY)
def test_core_hears_a_module_with_the_token_only(tmp_path: Path, method: str, path: str) -> None:
    with role(tmp_path, "core", NEW) as core:

        def status(token: str | None, address: tuple[str, int] = ELSEWHERE) -> int:
            return visitor(core, address, token).request(method, path, json={}).status_code

        assert [status(None), status("guessed"), status(NEW + "x"), status(NEW[:-1])] == [403] * 4
        assert status(NEW) == 422, "it is let in, and says nothing that can be understood"
        assert status(None, TRUSTED) == 422, "a foreign module knows no token: its address is trusted"
        assert status(None, ("198.51.100.77", 1)) == 403, "an address beside it is not"


def test_with_the_token_a_module_does_what_modules_do_and_nothing_else(tmp_path: Path) -> None:
    with role(tmp_path, "core", NEW) as core:
        module = visitor(core, token=NEW)
        said = module.post("/services/register", json=registration()).json()
        assert module.post(f"/services/{said['service_id']}/heartbeat").status_code == 200
        assert module.get("/pictures/00000000.jpg").status_code == 404
        assert module.patch(f"/services/{said['service_id']}", json={"priority": 99}).status_code == 403
        for method, path in (("GET", "/parsers"), ("POST", "/parsers"), ("DELETE", "/subscriptions/1")):
            assert module.request(method, path).status_code == 403


WHAT_CORES_ASK = [
    ("viewer", "POST", "/sync"),
    ("viewer", "POST", "/resync"),
    ("viewer", "POST", "/resync/batch"),
    ("viewer", "POST", "/remove"),
    ("fetcher", "POST", "/fetch"),
    ("downloader", "POST", "/downloads"),
    ("downloader", "GET", "/downloads"),
]


@pytest.mark.parametrize(("name", "method", "path"), WHAT_CORES_ASK)
def test_a_module_hears_a_core_with_the_token_only(tmp_path: Path, name: str, method: str, path: str) -> None:
    with role(tmp_path, name, NEW) as module:

        def status(token: str | None, address: tuple[str, int] = ELSEWHERE) -> int:
            return visitor(module, address, token).request(method, path, json={}).status_code

        assert [status(None), status("guessed"), status(OLD)] == [403] * 3
        assert status(NEW) == 422
        assert status(None, TRUSTED) == 422
        assert visitor(module).get("/health").status_code == 200, "how it is is no secret"
        proxied = visitor(module, ("127.0.0.1", 1))
        assert proxied.request(method, path, json={}).status_code == 422
        proxied.headers["x-forwarded-for"] = "192.0.2.7"
        assert proxied.request(method, path, json={}).status_code == 403


def test_a_module_that_others_can_reach_is_closed_also_where_no_token_was_agreed_upon(tmp_path: Path) -> None:
    with role(tmp_path, "viewer") as viewer:
        answer = visitor(viewer).post("/sync", json={})
        assert answer.status_code == 403
        assert "service_tokens" in answer.json()["detail"] and "trusted_peers" in answer.json()["detail"]
        assert visitor(viewer, token="Bearer").post("/sync", json={}).status_code == 403
    with role(tmp_path, "viewer", host="127.0.0.1") as viewer:
        assert visitor(viewer).post("/sync", json={}).status_code == 422, "nobody else can come there"


def test_no_page_of_somebody_else_speaks_to_a_module(tmp_path: Path) -> None:
    with role(tmp_path, "viewer", host="127.0.0.1") as viewer:
        headers = {"origin": "http://elsewhere.example"}
        assert visitor(viewer).post("/sync", json={}, headers=headers).status_code == 403


class Asked(Peer):
    """A module that remembers with which token it was asked."""

    def __init__(self) -> None:
        self.shown: list[str | None] = []
        super().__init__()

    def answer(self, request: Received) -> Answer:
        self.shown.append(request.headers.get("authorization"))
        return 200, {"status": "ok"}


def test_core_shows_the_token_to_those_who_know_it_and_to_nobody_else(tmp_path: Path) -> None:
    with (
        role(tmp_path, "core", NEW, OLD, private_hosts="127.0.0.1") as core,
        Asked() as ours,
        Asked() as other,
    ):
        here = ("127.0.0.1", 50_000)
        knowing = visitor(core, here, OLD).post("/services/register", json=registration(ours.port))
        foreign = visitor(core, here).post(
            "/services/register", json=registration(other.port, name="foreign")
        )
        people = visitor(core, here)
        for answer in (knowing, foreign):
            assert people.get(f"/services/{answer.json()['service_id']}/health").status_code == 200
        assert set(ours.shown) == {f"Bearer {NEW}"}, "the first of them is sent"
        assert set(other.shown) == {None}
        known = {
            row["service_name"]: row["knows_token"] for row in people.get("/services").json()["services"]
        }
        assert known == {"attic": True, "foreign": False}
        assert NEW not in people.get("/services").text


def test_nobody_without_the_token_takes_the_place_of_a_module_that_knew_it(tmp_path: Path) -> None:
    with role(tmp_path, "core", NEW) as core:
        assert visitor(core, TRUSTED, NEW).post("/services/register", json=registration()).status_code == 201
        thief = visitor(core, TRUSTED).post("/services/register", json=registration(9999))
        assert thief.status_code == 403
        [row] = visitor(core, TRUSTED).get("/services").json()["services"]
        assert (row["port"], row["knows_token"]) == (8003, True)
    with role(tmp_path, "core") as core:  # who gives the tokens up has modules register as before
        assert visitor(core, TRUSTED).post("/services/register", json=registration(9999)).status_code == 201


def test_tokens_are_changed_host_by_host_without_a_refusal(tmp_path: Path) -> None:
    """Add the new one behind the old one everywhere, then put it first everywhere, then drop the old one."""
    steps = [(OLD,), (OLD, NEW), (NEW, OLD), (NEW,)]
    for before, after in pairwise(steps):
        for sender, receiver in ((before, after), (after, before), (after, after)):
            with role(tmp_path, "core", *receiver) as core:
                answer = visitor(core, token=sender[0]).post("/services/register", json=registration())
                assert answer.status_code == 201, (sender, receiver)
    with role(tmp_path, "core", NEW) as core:
        assert visitor(core, token=OLD).post("/services/register", json=registration()).status_code == 403


def test_tokens_are_secrets_of_the_settings(tmp_path: Path) -> None:
    environment = {"SEITON_SERVICE_TOKENS": f"{NEW} {OLD}", "SEITON_DATA": str(tmp_path)}
    settings = load_settings(environ=environment, folder=tmp_path)
    assert [token.get_secret_value() for token in settings.service_tokens] == [NEW, OLD]
    shown = {line.name: line.value for line in describe(settings)}
    assert shown["service_tokens"] == "***, ***"
    for text in (repr(settings), str(settings), str(shown)):
        assert NEW not in text and OLD not in text
    for bad in ("short", "x" * 23, "ö" * 30):
        with pytest.raises(InvalidInput, match="24 letters or digits") as refused:
            load_settings(environ=environment | {"SEITON_SERVICE_TOKENS": bad}, folder=tmp_path)
        assert bad not in str(refused.value)


def test_a_secret_is_compared_as_a_whole() -> None:
    assert is_one_of(NEW, [OLD, NEW]) and is_one_of(OLD, [OLD, NEW])
    assert not any(is_one_of(wrong, [OLD, NEW]) for wrong in ("", NEW[:-1], NEW + " ", OLD + NEW, "\ud800"))
    assert not is_one_of("", [])
