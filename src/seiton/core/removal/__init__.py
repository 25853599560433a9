"""Removal: softly, into a trash, with a way back."""
