"""``python -m seiton``: the command line."""

from seiton.faces.cli import main

main()
