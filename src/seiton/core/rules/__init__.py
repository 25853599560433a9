"""Title parsers: edited, previewed, learned from examples, pinned over, and applied to stored titles."""
