"""What every message between services is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MAX_BATCH = 500
"""Most items in one message between services."""

Text = Annotated[str, Field(max_length=4096)]
Number = Annotated[int, Field(ge=0, le=99_999)]
Identifier = Annotated[int, Field(ge=1, le=2**63 - 1)]


class Message(BaseModel):
    """A message; unknown fields are ignored so that newer peers can talk to older ones."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Reporting(Message):
    """A request to a viewer about one download, and where its report goes."""

    download_id: Identifier
    callback_url: Text
    core_instance: Text | None = None
