#!/usr/bin/env bash
# Installs Seiton into .venv, with exactly the versions that pyproject.toml names.
#
#   scripts/setup.sh run     what running needs
#   scripts/setup.sh dev     also what `make test` needs
#
# Does nothing, and needs no network, when nothing changed since last time. Never runs sudo.
# PYTHON=/path/to/python chooses the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."

UV_VERSION=0.13.9
group=${1:-run}
root=$(pwd -P)
export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 UV_PROJECT_ENVIRONMENT="$root/.venv"
unset VIRTUAL_ENV PYTHONHOME PYTHONPATH

say() { printf '%s\n' "$*" >&2; }

stop() {
  say "$1"
  say ""
  say "    $2"
  say ""
  say "and then again: make ${MAKE_TARGET:-run}"
  exit 1
}

supported() {
  "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1
}

find_python() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 /usr/bin/python3}; do
    if supported "$candidate"; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  return 1
}

apt_install() {
  if [ "$(id -u)" = 0 ]; then echo "apt-get install -y $1"; else echo "sudo apt-get install -y $1"; fi
}

# Debian calls the part of Python that makes environments pythonX.Y-venv.
venv_package() {
  local version
  for version in "$@" 3.13 3.12 3.11; do
    if apt-cache show "python$version-venv" >/dev/null 2>&1; then
      echo "python$version-venv"
      return
    fi
  done
  echo python3-venv
}

stamp() {
  { cat pyproject.toml scripts/setup.sh; echo "$root"; .venv/bin/python -VV; } 2>/dev/null | sha256sum | cut -d' ' -f1
}

# Whether .venv was made from the interpreter that PYTHON names, if it names one.
as_chosen() {
  [ -n "${PYTHON:-}" ] || return 0
  local which='import sys; print(sys.base_prefix, sys.version)'
  [ "$("$PYTHON" -c "$which" 2>/dev/null)" = "$(.venv/bin/python -c "$which")" ]
}

up_to_date() {
  [ -x .venv/bin/seiton ] || return 1
  local want
  want=$(stamp)
  [ "$(cat .venv/.seiton-dev 2>/dev/null)" = "$want" ] && return 0
  [ "$group" = run ] && [ "$(cat .venv/.seiton-run 2>/dev/null)" = "$want" ]
}

if up_to_date && as_chosen; then
  exit 0
fi

if ! python=$(find_python); then
  if [ -n "${PYTHON:-}" ]; then
    stop "PYTHON=$PYTHON is not Python 3.11, 3.12 or 3.13. Leave it out, or name another:" \
      "make ${MAKE_TARGET:-run} PYTHON=/usr/bin/python3"
  fi
  stop "Seiton needs Python 3.11, 3.12 or 3.13. Please run" "$(apt_install "$(venv_package)")"
fi
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  stop "Python's module for environments is missing. Please run" "$(apt_install "$(venv_package "$version")")"
fi

# The installer lives in an environment of its own, so that .venv holds nothing but Seiton.
if [ "$(.uv/bin/uv --version 2>/dev/null | cut -d' ' -f2)" != "$UV_VERSION" ]; then
  say "Preparing the installer …"
  rm -rf .uv
  "$python" -m venv .uv
  .uv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION" ||
    { rm -rf .uv; say "The installer could not be fetched: the first run needs the network."; exit 1; }
fi

# Scripts in an environment name its place: after the folder was moved they have to be made again.
if [ -f .venv/bin/seiton ] && ! head -n 3 .venv/bin/seiton | grep -qF "$root/.venv/"; then
  rm -rf .venv
fi

say "Installing into .venv …"
if [ -n "${PYTHON:-}" ] || ! supported .venv/bin/python; then
  set -- --python "$python"
else
  set --
fi
rm -f .venv/.seiton-run .venv/.seiton-dev
case $group in
  run) .uv/bin/uv sync --quiet --no-dev --system-certs "$@" ;;
  dev) .uv/bin/uv sync --quiet --system-certs "$@" ;;
  *) say "usage: scripts/setup.sh [run|dev]"; exit 2 ;;
esac || { say "The packages could not be installed (see above); nothing else was changed."; exit 1; }
stamp >".venv/.seiton-$group"
