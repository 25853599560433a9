"""People who may come in, their sessions, and tokens for programs. Secrets are stored as hashes only."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Text

from seiton.adapters.database import Id, Instant, one_of
from seiton.core.tables.schema import table
from seiton.domain.access import Role, Scope

people = table(
    "people",
    Column("person_id", Id, primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),  # argon2id
    Column("role", String(10), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    one_of("role", Role, "role"),
)

sessions = table(
    "sessions",
    Column("session_hash", String(64), primary_key=True),  # SHA-256 of what the browser keeps
    Column("person_id", Id, ForeignKey("core_people.person_id"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

api_tokens = table(
    "api_tokens",
    Column("token_id", Id, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),  # SHA-256: it is long and random
    Column("scope", String(10), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),  # the day of the last use
    one_of("scope", Scope, "scope"),
)
