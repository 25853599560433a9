"""Notifications: what happened is recorded with it, and said afterwards."""
