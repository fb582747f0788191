"""One call, as the wrappers and handlers see it."""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc
from google.protobuf.message import Message

from service.app.principal import Principal

_PROCESS = secrets.token_hex(4)
_numbers = itertools.count(1)


class Call:
    """What is known of a call besides its request."""

    __slots__ = ("call_id", "code", "context", "expires", "principal", "rpc", "started")

    def __init__(self, rpc: str, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        """Begin now."""
        self.rpc = rpc
        """`ConversationService.RecordMessage` and the like."""
        self.context = context
        self.call_id = f"{_PROCESS}{next(_numbers):x}"
        """Stands in every log line of the call, and in an answer that hides an internal error."""
        self.started = time.monotonic()
        remaining = context.time_remaining()
        self.expires = None if remaining is None else self.started + remaining
        """`time.monotonic` of the caller's deadline."""
        self.code = "OK"
        """The canonical name of the status the call ends with."""
        self.principal: Principal = _NOBODY
        """Set by `auth` where the call needs an instance's key."""

    def header(self, name: str) -> str:
        """A text header of the call, empty where it is absent."""
        for key, value in self.context.invocation_metadata() or ():
            if key == name:
                return value if isinstance(value, str) else ""
        return ""


_NOBODY: Any = None

Requests = AsyncIterator[Message | None]
"""The messages of a client stream; None stands for bytes that are no message."""
