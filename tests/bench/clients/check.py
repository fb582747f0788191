"""Whether what was acknowledged is there: the service is asked for every conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grpc import aio

from tests.support.wire import Wire


async def missing_turns(channel: aio.Channel, key: str, acknowledged: Mapping[str, Sequence[str]]) -> int:
    """Turns that were acknowledged and are not listed, or are listed twice.

    Args:
        channel: to the service.
        key: of the instance.
        acknowledged: message ids by conversation.
    """
    wire, missing = Wire("", key, channel=channel), 0
    for conversation_id, expected in acknowledged.items():
        listed = [turn.message_id for turn in await wire.turns(conversation_id)]
        missing += len(set(expected).symmetric_difference(listed)) + len(listed) - len(set(listed))
    return missing
