"""Every route of the wire contract beside ours, held to the real applications."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from seiton.bootstrap import Seiton
from seiton.config import Settings
from seiton.faces.application import create_application
from seiton.faces.worker_api import create_worker_api
from seiton.roles import ALL, Role
from tests.documents import DOCS, PARTS, load, names_in, ours, rendered

CONTRACT = load("contract.toml")
METHODS = {"get", "put", "post", "patch", "delete"}


@pytest.fixture
def documents(tmp_path: Path) -> dict[str, dict[str, Any]]:
    """The OpenAPI document of each role by itself, and of all in one process."""
    found = {}
    for name, roles in [("all", ALL), *((role.value, frozenset({role})) for role in sorted(ALL))]:
        settings = Settings.model_validate({"data": tmp_path / name, "port": 0})
        seiton = Seiton(settings, loopback_only=True, roles=roles)
        found[name] = seiton.application().openapi()
        if name == "core":  # a worker itself would need PostgreSQL
            worker_api = create_worker_api(seiton.core, seiton.jobs)
            found["worker"] = create_application([worker_api]).openapi()
        seiton.close()
    return found


def operation(document: dict[str, Any], route: str) -> dict[str, Any] | None:
    method, _blank, path = route.partition(" ")
    found: dict[str, Any] | None = document["paths"].get(path, {}).get(method.lower())
    return found


def routes_of(document: dict[str, Any]) -> set[str]:
    paths = document["paths"].items()
    return {f"{method.upper()} {path}" for path, methods in paths for method in METHODS & methods.keys()}


def names_of(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the properties of an object, of the objects in a list, of what may be null."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    found = dict(schema.get("properties", {}))
    for part in [schema.get("items"), *schema.get("anyOf", []), *schema.get("oneOf", [])]:
        if isinstance(part, dict):
            found |= names_of(part, document)
    return found


def missing_names(schema: dict[str, Any] | None, wanted: str, document: dict[str, Any]) -> list[str]:
    missing = []
    for path in names_in(wanted, CONTRACT["objects"]):
        inner = schema or {}
        for name in path:
            properties = names_of(inner, document)
            if name not in properties:
                missing.append(".".join(path))
                break
            inner = properties[name]
    return missing


def test_every_route_of_the_contract_is_ours_or_has_a_reason(documents: dict[str, dict[str, Any]]) -> None:
    assert Counter(route["role"] for route in CONTRACT["route"]) == {
        "core": 48,
        "fetcher": 3,
        "downloader": 7,
        "viewer": 3,
    }
    for route in CONTRACT["route"]:
        if not ours(route):
            assert route["why"], route
            continue
        found = operation(documents[route["role"]], ours(route))
        assert found is not None, f"{ours(route)} is not there: {route['contract']}"
        assert str(route["status"]) in found["responses"], ours(route)


def test_json_names_are_those_of_the_contract(documents: dict[str, dict[str, Any]]) -> None:
    wrong = []
    for route in CONTRACT["route"]:
        document = documents[route["role"]]
        found = operation(document, ours(route))
        if found is None:
            continue
        body = found.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        answer = (
            found["responses"][str(route["status"])]
            .get("content", {})
            .get("application/json", {})
            .get("schema")
        )
        wrong += [
            f"{ours(route)} takes {name}" for name in missing_names(body, route.get("takes", ""), document)
        ]
        wrong += [
            f"{ours(route)} gives {name}" for name in missing_names(answer, route.get("gives", ""), document)
        ]
    assert not wrong


def test_every_route_of_ours_is_listed(documents: dict[str, dict[str, Any]]) -> None:
    listed = [(route["role"], ours(route)) for route in CONTRACT["route"] if ours(route)]
    listed += [(entry["role"], entry["route"]) for entry in CONTRACT["addition"]]
    assert [entry for entry, times in Counter(listed).items() if times > 1] == []
    for role in Role:
        own = {route for who, route in listed if who == role.value}
        assert routes_of(documents[role.value]) == own, role
    # In one process the two health checks need two addresses, and nobody else needs the built-in modules'.
    beside = {route for who, route in listed if who in ("core", "viewer")} | {"GET /viewer/health"}
    assert routes_of(documents["all"]) == beside


@pytest.mark.parametrize("name", sorted(PARTS))
def test_the_documents_say_what_the_data_says(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    assert text == rendered(name), "run python -m tests.documents"
