"""Filter rules: edited, previewed, and applied to links that are stored."""
