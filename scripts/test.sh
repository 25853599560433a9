#!/usr/bin/env bash
# Everything that `make test` checks, in order; stops at the first stage that fails.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin

stage() {
  local name=$1
  shift
  printf '\n=== %s ===\n' "$name"
  "$@" || { code=$?; printf '\n=== FAILED: %s (%s) ===\n' "$name" "$*"; exit "$code"; }
}

stage "lint" $bin/ruff check .
stage "format" $bin/ruff format --check .
stage "types" $bin/mypy
stage "import rules" $bin/lint-imports
unset PYTHONDONTWRITEBYTECODE # each of the processes that tests start would compile everything anew
# Three workers a core: most of the time tests wait for programs that they started.
# shellcheck disable=SC2086  # several arguments are meant
stage "tests" $bin/pytest -n $((3 * $(nproc))) --dist worksteal ${PYTEST_ARGS:-}
