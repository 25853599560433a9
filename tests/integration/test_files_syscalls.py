"""What the kernel was really asked: no plain rename, no unlink and no truncation under a media name."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

OPERATIONS = """
import os, sys
from seiton.adapters.files import *
root = os.fsencode(sys.argv[1])
other = os.fsencode(sys.argv[2])
LINKS = Ways(no_replace=False, exchange=False)
WAYS = [Ways(), LINKS, Ways(no_replace=False, hard_link=False, exchange=False)]
def put(path, content=b"media"):
    with open(path, "xb") as f: f.write(content)
    return identify(path)
for number, ways in enumerate(WAYS):
    f = b"%s/%d" % (root, number)
    make_folders(root, b"%d" % number)
    ours = put(f + b"/a.mkv")
    put(f + b"/taken.mkv")
    move(f + b"/a.mkv", f + b"/b.mkv", step="1", ours=ours, ways=ways)
    ours = identify(f + b"/b.mkv")
    try: move(f + b"/b.mkv", f + b"/taken.mkv", step="2", ours=ours, ways=ways)
    except TargetTaken: pass
    for mode in LinkMode:
        for source in (f + b"/b.mkv", b"%s/%d.mkv" % (other, number)):
            if not os.path.exists(source): put(source)
            target = f + b"/placed-%s-%d.mkv" % (mode.encode(), source.startswith(other))
            try: place(source, target, step="3", mode=mode, allow_copy=True, reserve_bytes=0, ways=ways)
            except CannotLink: pass
    placed = f + b"/placed-copy-0.mkv"
    retire(placed, step="4", ours=identify(placed), survivor=f + b"/placed-move-0.mkv", ways=ways)
    ours = identify(f + b"/taken.mkv")
    try: retire(f + b"/taken.mkv", step="5", ours=ours, survivor=f + b"/no.mkv", ways=ways)
    except NotOurs: pass
    write_new(f + b"/a.nfo", b"old", step="6", ways=ways)
    replace_generated(f + b"/a.nfo", b"new", step="7", before_digest=digest_of(b"old"), ways=ways)
    retire_generated(f + b"/a.nfo", step="8", digest=digest_of(b"new"), ways=ways)
print("done")
"""
CALLS = "rename,renameat,renameat2,unlink,unlinkat,link,linkat,open,openat,creat,truncate,ftruncate,fsync"
MEDIA_NAME = re.compile(r'"[^"]*/(?!\.seiton-)[^"/]*\.mkv"')


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    root = tmp_path_factory.mktemp("library")
    shm = Path("/dev/shm")
    other = tmp_path_factory.mktemp("downloads")
    if shm.is_dir():
        other = shm / f"seiton-test-{os.getpid()}"
        other.mkdir()
    log = root.parent / "trace"
    command = ["strace", "-f", "-y", "-s", "4096", "-o", str(log), "-e", f"trace={CALLS}"]
    program = [sys.executable, "-c", OPERATIONS, str(root), str(other)]
    try:
        done = subprocess.run(command + program, capture_output=True, text=True, check=False)
    finally:
        shutil.rmtree(other)
    if "ptrace" in done.stderr:
        pytest.skip("tracing is not permitted here")
    assert done.stdout == "done\n", done.stderr
    return [line for line in log.read_text().splitlines() if str(root) in line]


def calls(trace: list[str], *names: str) -> list[str]:
    found = [line for line in trace if re.search(rf"\b({'|'.join(names)})\(", line)]
    assert found, f"the trace shows no {names}: it proves nothing"
    return found


def test_media_are_only_renamed_with_a_flag_or_into_a_folder_of_ones_own(trace: list[str]) -> None:
    for line in calls(trace, "rename", "renameat", "renameat2"):
        if MEDIA_NAME.search(line) and "RENAME_NOREPLACE" not in line:
            _source, target = re.findall(r'"([^"]*)"', line)
            assert re.search(r"/\.seiton-(retire|park)-[^/]+/file$", target), line


def test_no_media_name_is_ever_unlinked(trace: list[str]) -> None:
    for line in calls(trace, "unlink", "unlinkat"):
        assert not MEDIA_NAME.search(line), line


def test_no_media_file_is_opened_for_writing_unless_it_is_new(trace: list[str]) -> None:
    for line in calls(trace, "open", "openat", "creat"):
        if MEDIA_NAME.search(line) and re.search(r"O_WRONLY|O_RDWR|O_TRUNC|O_CREAT", line):
            assert "O_EXCL" in line, line
    assert not [line for line in trace if re.search(r"\bf?truncate\(", line) and MEDIA_NAME.search(line)]


@pytest.mark.parametrize("way", ["1", "2"])
def test_the_new_name_is_on_the_disk_before_the_old_one_goes(trace: list[str], way: str) -> None:
    """Folders 1 and 2 are those where a move is a link, and a copy, in two steps."""
    lines = [line for line in trace if f"/{way}/" in line or f"/{way}>" in line]
    made = next(
        i for i, line in enumerate(lines) if re.search(r"(link(at)?|openat)\(.*/b\.mkv\".*= \d", line)
    )
    flushed = next(i for i, line in enumerate(lines) if re.search(rf"fsync\(\d+<[^>]*/{way}>\)", line))
    gone = next(i for i, line in enumerate(lines) if re.search(r"unlink\(.*/\.seiton-retire-1[/\"]", line))
    assert made < flushed < gone
