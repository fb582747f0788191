"""Streams on the wire: items of a client stream checked one by one, messages of a server stream written with back-pressure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from service.app.streams import Refused
from service.domain.errors import EunoeError, InvalidArgument
from service.rpc.call import Call, Requests
from service.rpc.errors import PeerGone
from service.rpc.validate import validate

T = TypeVar("T")


def malformed() -> InvalidArgument:
    """What bytes that are no message get, whatever is wrong with them."""
    return InvalidArgument("the bytes are no message of the expected type", reason="MESSAGE_MALFORMED")


async def checked_items(
    requests: Requests, decode: Callable[[Any], T], item_id: Callable[[Any], str]
) -> AsyncIterator[T | Refused]:
    """The items of a client stream; one that breaks a rule is refused by itself.

    Args:
        requests: as they arrive.
        decode: makes the item of a request that keeps the rules of its type.
        item_id: the caller's id of the item in a request that may break them.

    Raises:
        InvalidArgument: bytes that are no message; the stream cannot go on.
    """
    async for request in requests:
        if request is None:
            raise malformed()
        yield _checked(request, decode, item_id)


def _checked(request: Message, decode: Callable[[Any], T], item_id: Callable[[Any], str]) -> T | Refused:
    try:
        validate(request)
        return decode(request)
    except EunoeError as error:
        return Refused(error, item_id(request))


async def write(call: Call, message: Message) -> None:
    """Send one message of a server stream; waits while the client does not read.

    Raises:
        PeerGone: the client hung up.
    """
    try:
        await call.context.write(message)
    except (asyncio.CancelledError, grpc.aio.AbortError):
        raise
    except Exception as error:  # grpcio raises a private class here
        raise PeerGone from error
