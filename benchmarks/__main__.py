"""Run the benchmarks: ``python -m benchmarks [NAME …] [--json]``; all without a name."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Run each benchmark in a process of its own, so that none warms up another."""
    here = Path(__file__).parent
    names = sorted(path.stem for path in here.glob("*.py") if not path.stem.startswith("_"))
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    options.add_argument("names", nargs="*", help=f"which of {', '.join(names)}; all without a name")
    options.add_argument("--json", action="store_true", help="one JSON object a line")
    given = options.parse_args()
    for name in given.names or names:
        if name not in names:
            options.error(f"there is no benchmark {name}; choose from {', '.join(names)}")
        if not given.json:
            print(f"\n== {name} ==", flush=True)
        flags = ["--json"] if given.json else []
        subprocess.run([sys.executable, here / f"{name}.py", *flags], check=True)


if __name__ == "__main__":
    main()
