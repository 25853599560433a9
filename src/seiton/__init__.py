"""Seiton keeps an anime library in order by rules; see docs/ for how."""

__version__ = "0.1.0"
