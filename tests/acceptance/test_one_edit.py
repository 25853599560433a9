"""One edit in one process, from the saved parser to the moved files: ``benchmarks/one_edit.py``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "one_edit.py"


@pytest.mark.timeout(240)
def test_an_edit_takes_twelve_episodes_to_their_new_names_and_back() -> None:
    command = [sys.executable, str(BENCHMARK), "--rounds", "1", "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    measured = json.loads(ended.stdout)
    assert (measured["files"], measured["edits"]) == (12, 2)
