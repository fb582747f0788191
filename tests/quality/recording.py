"""Labelled conversations into the service: one scope each or all in one, every turn a recorded message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.progress import Progress

from eunoe_client import ContextItem, Eunoe
from tests.quality.conversations import Talk
from tests.quality.service import CUSTOMER, IncompleteError, settled


@dataclass(slots=True)
class Recorded:
    """Where the turns went."""

    is_merged: bool
    turns: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """The turn (sample, turn id) of each message (conversation id, message id)."""

    def user_of(self, talk: Talk) -> str:
        """Whose scope a conversation is in."""
        return "everybody" if self.is_merged else f"user of {talk.sample}"

    def turn_of(self, talk: Talk, item: ContextItem) -> str | None:
        """The turn that an item counts as: its first source. A turn of another conversation bears its name, so that it is none of this one's."""
        found = [self.turns.get((source.conversation_id, source.message_id)) for source in item.sources[:1]]
        if not found or found[0] is None:
            return None
        sample, turn_id = found[0]
        return turn_id if sample == talk.sample else f"{sample}/{turn_id}"


async def record_all(sdk: Eunoe, talks: Sequence[Talk], bar: Progress, *, is_merged: bool) -> Recorded:
    """Record every turn, and wait until all are remembered.

    Raises:
        IncompleteError: a turn was refused.
    """
    recorded = Recorded(is_merged)
    task = bar.add_task("remembering", total=sum(1 for talk in talks for turn in talk.turns for _ in turn.parts()))
    for talk in talks:
        await _record(sdk, talk, recorded)
    await settled(sdk, map(_conversation_of, talks), lambda count: bar.update(task, completed=count))
    return recorded


async def _record(sdk: Eunoe, talk: Talk, recorded: Recorded) -> None:
    conversation, sent = _conversation_of(talk), 0
    async with sdk.conversation.stream(conversation, recorded.user_of(talk), CUSTOMER, timeout=600) as stream:
        for turn in talk.turns:
            for number, part in enumerate(turn.parts()):
                message_id = f"{turn.turn_id}#{number}" if number else turn.turn_id
                recorded.turns[conversation, message_id] = talk.sample, turn.turn_id
                await stream.send(
                    turn.role, part, message_id=message_id, speaker=turn.speaker, said_at=turn.at, session_id=turn.session
                )
                sent += 1
    kept = stream.summary.accepted_count + stream.summary.duplicate_count
    if kept != sent:
        raise IncompleteError(f"{talk.sample}: {kept} of {sent} messages were accepted")


def _conversation_of(talk: Talk) -> str:
    return f"talk {talk.sample}"
