#!/usr/bin/env bash
# As root on Debian or Ubuntu: installs the packages of system-packages.txt that are not there.
# Otherwise: names them and what is skipped for want of them. Never fails a test run by itself.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=() skipped=()
while IFS='|' read -r package check purpose; do
  package=${package// /}
  case $package in '' | '#'*) continue ;; esac
  if ! bash -c "$check" >/dev/null 2>&1 </dev/null; then
    missing+=("$package")
    skipped+=("$package:$purpose")
  fi
done <scripts/system-packages.txt
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  echo "Installing ${missing[*]} …"
  apt=(apt-get -qq -o DPkg::Lock::Timeout=300)
  "${apt[@]}" update || true
  if ! "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null; then
    # One that this system does not have keeps none of the others away.
    for package in "${missing[@]}"; do
      "${apt[@]}" install -y --no-install-recommends "$package" >/dev/null || echo "apt-get could not install $package."
    done
  fi
  exit 0
fi
echo "Not on this machine, so these tests are skipped (package: tests):"
printf '  %s\n' "${skipped[@]}"
