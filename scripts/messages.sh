#!/usr/bin/env bash
# Brings the catalogues below src/seiton/locale up to date with the _("…") in the source, and
# names what is still to be translated. Existing translations stay.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
template=$(mktemp --suffix=.pot)
trap 'rm -f "$template"' EXIT

$bin/pybabel --quiet extract -F pyproject.toml -k N_ --no-wrap --no-location --sort-output \
  --project=Seiton --copyright-holder="The Seiton developers" -o "$template" src/seiton
$bin/pybabel --quiet update -D seiton -d src/seiton/locale -i "$template" \
  --no-fuzzy-matching --ignore-obsolete --no-wrap --ignore-pot-creation-date
$bin/python - <<'PYTHON'
from pathlib import Path

from babel.messages.pofile import read_po

for path in sorted(Path("src/seiton/locale").glob("*/LC_MESSAGES/seiton.po")):
    with path.open("rb") as stream:
        todo = [message.id for message in read_po(stream) if message.id and not message.string]
    print(f"{path}: {len(todo)} to translate")
    for text in todo:
        print(f"  {text!r}")
PYTHON
