"""An existing folder under Seiton's rules: planned, looked at, confirmed, put on record."""
