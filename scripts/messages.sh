#!/usr/bin/env bash
# Brings the catalogues below src/seiton/locale up to date with the _("…") in the source, makes zh_Hans
# from zh_Hant, and names what is still to be translated. Existing translations stay.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
template=$(mktemp --suffix=.pot)
trap 'rm -f "$template"' EXIT

$bin/pybabel --quiet extract -F pyproject.toml -k N_ -k plural:1,2 --no-wrap --no-location --sort-output \
  --project=Seiton --copyright-holder="The Seiton developers" -o "$template" src/seiton
$bin/pybabel --quiet update -D seiton -d src/seiton/locale -i "$template" \
  --no-fuzzy-matching --ignore-obsolete --no-wrap --ignore-pot-creation-date
$bin/python -m tests.catalogues
