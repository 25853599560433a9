#!/usr/bin/env bash
# Everything that `make test` checks. A fault of style ends it at once; types and import rules are looked at
# while the tests run, and said when they are known.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin

stage() {
  local name=$1
  shift
  printf '\n=== %s ===\n' "$name"
  "$@" || { code=$?; printf '\n=== FAILED: %s (%s) ===\n' "$name" "$*"; exit "$code"; }
}

# Says everything in one piece, for it stands in the middle of the tests' dots.
aside() {
  local said
  said=$(stage "$@" 2>&1) && printf '%s\n\n' "$said" || { code=$?; printf '%s\n\n' "$said"; exit "$code"; }
}

stage "lint" $bin/ruff check .
stage "format" $bin/ruff format --check .
unset PYTHONDONTWRITEBYTECODE # each of the processes that tests start would compile everything anew
(aside "types" $bin/mypy && aside "import rules" $bin/lint-imports) &
aside=$!
# Three workers a core: most of the time tests wait for programs that they started.
# shellcheck disable=SC2086  # several arguments are meant
stage "tests" $bin/pytest -n $((3 * $(nproc))) --dist worksteal ${PYTEST_ARGS:-}
wait "$aside" || { code=$?; printf '\n=== FAILED: types or import rules, see above ===\n'; exit "$code"; }
