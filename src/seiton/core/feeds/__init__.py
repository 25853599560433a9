"""Feeds: subscribed to, fetched when due, their entries stored and parsed."""
