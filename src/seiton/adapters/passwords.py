"""Passwords as argon2id hashes (RFC 9106)."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    """Return what to store of a password."""
    return _hasher.hash(password)


def is_password(stored: str | None, password: str) -> bool:
    """Say whether ``password`` is the stored one; nobody's (``None``) takes just as long and never is."""
    try:
        return _hasher.verify(stored or _nobodys(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
