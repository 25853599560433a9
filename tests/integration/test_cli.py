"""The command line against a running server: tables for people, documents for programs, exit codes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import typer.main

from seiton.faces.cli import run
from seiton.faces.cli.app import build
from seiton.faces.cli.output import clean
from seiton.text import use_language
from tests.integration.api_world import PARSER, ApiWorld, served, title

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-c", "from seiton.faces.cli import main; main()"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ApiWorld]:
    with ApiWorld(tmp_path) as world:
        yield world


class Terminal:
    """Runs commands against one server and keeps what they print."""

    def __init__(self, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.url, self._capsys = url, capsys
        self.error = ""

    def __call__(self, *arguments: object, code: int = 0) -> str:
        self._capsys.readouterr()
        use_language("en")
        ended = run([*map(str, arguments), "--url", self.url])
        out, self.error = self._capsys.readouterr()
        assert ended == code, (arguments, out, self.error)
        return out

    def json(self, *arguments: object, code: int = 0) -> Any:
        out = self(*arguments, "--json", code=code)
        assert out.count("\n") == 1, "programs get one document"
        return json.loads(out)


@pytest.fixture
def seiton(world: ApiWorld, capsys: pytest.CaptureFixture[str]) -> Iterator[Terminal]:
    with world.listening() as url:
        yield Terminal(url, capsys)


def leaves(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Give every command with its words."""
    command = command or typer.main.get_command(build())
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name, child in inner.items():
        yield from leaves(child, (*path, name))


# What is there


def test_the_commands_are_those_of_the_document() -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `seiton ([a-z -]+?)(?: [A-Z\[<].*?| --.*?)?`", text, re.MULTILINE))
    assert documented == {" ".join(path) for path, _command in leaves()}


def test_every_command_explains_itself_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    for path, _command in leaves():
        assert run([*path, "--help"]) == 0
        assert f"seiton {path[0]}" in capsys.readouterr().out
        assert "Example" in str(_command.help), path


def test_help_needs_no_server_and_loads_no_database() -> None:
    done = subprocess.run([*PROGRAM, "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "subscriptions" in done.stdout
    loaded = "import sys; from seiton.faces.cli.app import build; build(); print('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True).stdout == "False\n"


def test_the_program_speaks_the_language_of_its_user() -> None:
    environment = os.environ | {"LC_ALL": "zh_TW.UTF-8", "SEITON_URL": "http://127.0.0.1:1"}
    done = subprocess.run([*PROGRAM, "status"], capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert re.search("[一-鿿]", done.stderr), done.stderr
    assert "http://127.0.0.1:1" in done.stderr


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    from seiton import __version__

    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"{__version__}\n"


# When it does not work


def test_without_a_server_the_way_out_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = Terminal("http://127.0.0.1:1", capsys)
    assert nowhere("status", code=1) == ""
    assert "http://127.0.0.1:1" in nowhere.error
    assert "seiton serve" in nowhere.error
    assert nowhere.json("parsers", "list", code=1)["error"] == "not_running"


def test_another_program_at_the_address_is_not_mistaken(capsys: pytest.CaptureFixture[str]) -> None:
    with served(b"<html>hello</html>", "text/html") as base:
        other = Terminal(base, capsys)
        other("status", code=1)
        assert "not Seiton" in other.error


def test_the_address_comes_from_the_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "seiton.toml"
    file.write_text('host = "0.0.0.0"\nport = 1\n')
    environment = os.environ | {"SEITON_CONFIG": str(file)}
    environment.pop("SEITON_URL", None)
    done = subprocess.run([*PROGRAM, "status"], capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert "http://127.0.0.1:1 " in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["parsers", "show"],
        ["parsers", "show", "one"],
        ["parsers", "edit", "1"],
        ["parsers", "edit", "1", "--set", "priority"],
        ["parsers", "edit", "1", "--set", "prioritty=1"],
        ["parsers", "edit", "1", "--set", "priority=high"],
        ["parsers", "edit", "1", "--set", "is_enabled=perhaps"],
        ["parsers", "add", "--file", "/nonexistent.json"],
        ["downloads", "list", "--limit", "0"],
        ["config", "--port", "99999"],
        ["serve", "--port", "99999"],
    ],
)
def test_what_is_not_understood_ends_with_code_2(arguments: list[str]) -> None:
    assert run(arguments) == 2


def test_errors_name_field_and_reason(seiton: Terminal) -> None:
    seiton("parsers", "add", *flags(PARSER | {"parse_regex": "("}), code=1)
    assert "parse_regex" in seiton.error
    refused = seiton.json("parsers", "add", *flags(PARSER | {"parse_regex": "("}), code=1)
    assert refused["errors"][0]["field"] == "parse_regex"
    seiton("parsers", "show", 99, code=1)
    assert "99" in seiton.error


def flags(fields: dict[str, Any]) -> list[str]:
    return [part for name, value in fields.items() for part in ("--set", f"{name}={value}")]


# The way of a user


def test_a_feed_is_followed_listed_fetched_and_removed(world: ApiWorld, seiton: Terminal) -> None:
    assert "subscriptions add" in seiton("subscriptions", "list")
    row = seiton.json("subscriptions", "add", "https://feeds.test/rss", "--name", "Tea", "--interval", 30)
    number = row["subscription_id"]
    assert (row["name"], row["fetch_interval_minutes"]) == ("Tea", 30)
    assert "https://feeds.test/rss" in seiton("subscriptions", "list")
    assert seiton.json("subscriptions", "list")["subscriptions"][0]["subscription_id"] == number
    seiton("subscriptions", "fetch", number)
    assert ("fetch", str(number)) in world.wakes
    seiton("subscriptions", "add", "https://feeds.test/rss", code=1)
    seiton("subscriptions", "remove", number)
    seiton("subscriptions", "remove", number, code=1)


def test_a_rule_edit_is_planned_applied_and_followed(
    world: ApiWorld, seiton: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "new.json"
    file.write_text(json.dumps(PARSER))
    world.subscribe([title(1), title(2)])
    assert "(current)" in seiton("parsers", "preview", "--file", file)
    assert "was added" in seiton("parsers", "add", "--file", file, "--set", "description=for tea")
    (number,) = [row["parser_id"] for row in seiton.json("parsers", "list") if row["name"] == "Group"]
    assert seiton.json("parsers", "show", number)["description"] == "for tea"
    assert "for tea" in seiton("parsers", "show", number)
    world.file_episodes()
    before = world.library_files()

    plan = seiton("plan", "parser", number, "--set", "episode_offset=1")
    assert "Files that would move: 2" in plan
    for name in before:
        assert name in plan
    planned = seiton.json("plan", "parser", number, "--set", "episode_offset=1")
    assert sorted(move["from_path"] for move in planned["moves"]) == before
    assert seiton.json("parsers", "edit", number, "--set", "episode_offset=1", "--preview") == planned
    assert world.library_files() == before
    assert seiton.json("parsers", "show", number)["episode_offset"] == 0

    said = seiton("parsers", "edit", number, "--set", "episode_offset=1")
    assert "Files that follow: 2" in said
    assert "2 in all: 2 parsed" in said
    (resync,) = [row for row in seiton.json("resyncs", "list")["resyncs"] if row["cause"] == "parser_updated"]
    seiton("resyncs", "show", resync["resync_id"], "--wait", 0.3, code=1)
    world.settle()
    done = seiton.json("resyncs", "show", resync["resync_id"], "--wait", 30)
    assert done["counts"]["moved"] == 2
    assert "moved: 2" in seiton("resyncs", "show", resync["resync_id"])
    assert world.library_files() == sorted(move["to_path"] for move in planned["moves"])

    # The parsers that come with Seiton would read the titles instead, without the offset.
    assert "Files that would move: 2" in seiton("parsers", "delete", number, "--preview")
    assert "was deleted" in seiton("parsers", "delete", number)
    seiton("parsers", "show", number, code=1)


def test_a_plan_for_a_new_parser_reads_a_file_or_standard_input(world: ApiWorld, tmp_path: Path) -> None:
    world.subscribe([title(1)])
    with world.listening() as url:
        done = subprocess.run(
            [*PROGRAM, "plan", "parser", "--file", "-", "--json", "--url", url],
            input=json.dumps(PARSER),
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["links_new"] in {0, 1}


def test_what_show_prints_can_be_given_back(seiton: Terminal, world: ApiWorld, tmp_path: Path) -> None:
    number = world.add_parser()["parser_id"]
    file = tmp_path / "parser.json"
    file.write_text(seiton("parsers", "show", number, "--json"))
    seiton("parsers", "edit", number, "--file", file, "--set", "priority=7")
    assert seiton.json("parsers", "show", number)["priority"] == 7
    # The file is of an older version now.
    seiton("parsers", "edit", number, "--file", file, code=1)


def test_raw_items_are_listed_shown_parsed_again_and_set_aside(world: ApiWorld, seiton: Terminal) -> None:
    world.add_parser()
    world.subscribe([title(1), "no rule reads this"])
    assert title(1) in seiton("raw-items", "list")
    (odd,) = seiton.json("raw-items", "list", "--status", "no_match")
    assert "no rule reads this" in seiton("raw-items", "show", odd["item_id"])
    seiton("raw-items", "reparse", odd["item_id"], code=1)
    seiton("raw-items", "skip", odd["item_id"])
    assert seiton.json("raw-items", "show", odd["item_id"])["status"] == "skipped"
    seiton("raw-items", "skip", 99, code=1)
    seiton("raw-items", "list", "--status", "lost", code=1)
    assert "status" in seiton.error


def test_downloads_say_why_they_do_not_go_on(world: ApiWorld, seiton: Terminal) -> None:
    world.add_parser()
    world.subscribe([title(1), title(2)])
    number = seiton.json("downloads", "list")[0]["download_id"]
    world.set_download(number, "downloading", "completed", "sync_failed", hold_reason="no_space")
    assert "not enough space" in seiton("downloads", "list", "--held")
    assert [row["download_id"] for row in seiton.json("downloads", "list", "--held")] == [number]
    assert "not enough space" in seiton("downloads", "show", number)
    assert seiton.json("downloads", "retry", number)["status"] == "completed"
    seiton("downloads", "show", 99, code=1)


def test_status_sums_up(world: ApiWorld, seiton: Terminal) -> None:
    world.seiton.start()
    assert world.seiton.jobs.wait_idle(120)
    world.add_parser()
    world.subscribe([title(1)])
    said = seiton("status")
    assert seiton.url in said
    assert "parsed: 1" in said
    document = seiton.json("status")
    assert document["health"]["status"] == "ok"
    assert document["figures"]["raw_items"] == {"parsed": 1}


def test_config_shows_each_value_and_its_source(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["config", "--data", str(tmp_path), "--port", "9000", "--json"]) == 0
    lines = {line["name"]: line for line in json.loads(capsys.readouterr().out)}
    assert lines["port"] == {"name": "port", "value": "9000", "source": "--port"}
    assert lines["host"]["source"] == "default"


def test_hostile_titles_cannot_drive_the_terminal(world: ApiWorld, seiton: Terminal) -> None:
    assert clean("a\x1b[2Jb\u202ec\x07\x9b") == "a�[2Jb�c��"
    world.subscribe(["[red]evil[/red] \u202e gnp.exe"])
    listed = seiton("raw-items", "list")
    assert "[red]evil[/red]" in listed
    assert "\u202e" not in listed


# The server


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start ``seiton serve`` and wait for its address."""
    process = subprocess.Popen(
        [*PROGRAM, "serve", "--data", str(folder), "--port", "0", "--language", "en"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, (line, process.stderr and process.stderr.read())
        yield process, found[0]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_serve_runs_until_it_is_told_to_stop_and_leaves_in_peace(
    tmp_path: Path, signal_: signal.Signals
) -> None:
    with serving(tmp_path) as (process, url):
        assert httpx2.get(f"{url}/health").json()["status"] == "ok"
        process.send_signal(signal_)
        out, error = process.communicate(timeout=120)
        assert process.returncode == 0
        assert "Traceback" not in error
        assert "stopped" in out


def test_serve_says_when_the_port_is_taken(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    with serving(first) as (_process, url):
        port = url.rpartition(":")[2]
        done = subprocess.run(
            [*PROGRAM, "serve", "--data", str(second), "--port", port], capture_output=True, text=True
        )
    assert done.returncode == 1
    assert port in done.stderr
    assert "Traceback" not in done.stderr


def test_modules_are_listed_disabled_and_ranked(world: ApiWorld, seiton: Terminal) -> None:
    assert "everything is built in" in seiton("modules", "list")
    body = {"service_type": "viewer", "service_name": "attic", "host": "192.0.2.7", "port": 8003}
    assert world.client.post("/services/register", json=body).status_code == 201
    assert "is disabled" in seiton("modules", "disable", "viewer/attic")
    assert "60" in seiton("modules", "rank", "viewer/attic", "60")
    [row] = world.client.get("/services").json()["services"]
    assert (row["is_enabled"], row["admitted"], row["priority"]) == (False, False, 60)
    assert "viewer/attic" in seiton("modules", "list")
    seiton("modules", "enable", "viewer/nowhere", code=2)
    assert "viewer/attic" in seiton.error
    assert seiton.json("modules", "enable", "viewer/attic")["admitted"] is True
