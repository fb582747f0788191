"""The block of text for a prompt: dates, sources, and what fits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from eunoe_client import Context, ContextItem, Message, Scope, Source

SAID = datetime(2026, 5, 1, 10, 30, tzinfo=UTC)
TURN = Source(kind="message", conversation_id="call-7", message_id="m1", number=12, said_at=SAID)
PAPER = Source(kind="document", document_id="lease", said_at=SAID)


def _item(rank: int, content: str, kind: str = "fact", **fields: Any) -> ContextItem:
    return ContextItem(
        id=str(rank),
        rank=rank,
        type=kind,
        content=content,
        score=0.5,
        confidence=1.0,
        scope=Scope(kind="client"),
        said_at=SAID,
        **fields,
    )


def _turn(number: int, content: str) -> Message:
    return Message(message_id=str(number), conversation_id="call-7", number=number, role="user", content=content, said_at=SAID)


def test_items_have_their_dates_and_sources() -> None:
    """What it is, when it was said, when it happens, until when it held, and where it stands, one item a line."""
    move = _item(1, "Moves to Lyon", "temporal_event", event_date=SAID, event_precision="month", sources=(PAPER, TURN))
    home = _item(2, "Lived in Porto", valid_until=SAID)
    said = _item(3, 'I said\n  "yes"', "excerpt", subject="Ana", sources=(TURN,))
    both = _item(4, "Ana likes tea", excerpt="Tea,\n please.", sources=(TURN,))

    assert Context(ranked=(move, home, said, both)).prompt().splitlines() == [
        "What is remembered, most relevant first:",
        "- Moves to Lyon (temporal event; said 1 May 2026; when: May 2026; conversation call-7, turn 12 and 1 more)",
        "- Lived in Porto (fact; said 1 May 2026; true until 1 May 2026)",
        '- Ana: "I said "yes"" (excerpt; said 1 May 2026; conversation call-7, turn 12)',
        '- Ana likes tea, from "Tea, please." (fact; said 1 May 2026; conversation call-7, turn 12)',
    ]


def test_the_last_turns_stand_behind_in_the_order_they_were_said() -> None:
    """Oldest first, with who said it and when."""
    text = Context(ranked=(_item(1, "Likes tea"),), recent_turns=(_turn(1, "Hello"), _turn(2, "Again"))).prompt()

    assert text.endswith("\n\nThe last turns:\nUser (1 May 2026, 10:30): Hello\nUser (1 May 2026, 10:30): Again")


def test_a_block_keeps_within_its_budget() -> None:
    """The newest turns come first, then the best items, whole lines only; nothing fits into nothing."""
    context = Context(
        ranked=tuple(_item(number, f"fact {number} " + "word " * 20) for number in range(1, 9)),
        recent_turns=tuple(_turn(number, f"turn {number}") for number in range(1, 5)),
    )
    for budget in (1, 20, 60, 120, 300, 10_000):
        text = context.prompt(budget)
        assert len(text.encode()) <= 4 * budget
        assert ("fact 2" in text) <= ("fact 1" in text) <= ("turn 4" in text)
    assert "fact 8" in context.prompt() and "turn 1" in context.prompt()
    assert Context(ranked=()).prompt() == ""


def test_every_line_that_fits_is_there() -> None:
    """A budget of exactly the whole block cuts nothing."""
    context = Context(ranked=(_item(1, "Likes tea"), _item(2, "Likes rain")), recent_turns=(_turn(1, "Hello"),))
    whole = context.prompt()

    assert context.prompt(len(whole.encode()) // 4 + 8) == whole
