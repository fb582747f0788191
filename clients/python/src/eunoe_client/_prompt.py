"""What is remembered as text for a prompt. Here: the wording, and what fits a budget. Not here: what is remembered, and its order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime

from eunoe_client._memory import ContextItem, Source
from eunoe_client._message import Message

_BYTES_PER_TOKEN = 4
_EVENTS = {
    "year": "%Y",
    "month": "%B %Y",
    "week": "the week of %-d %B %Y",
    "hour": "%-d %B %Y, %H:%M",
    "minute": "%-d %B %Y, %H:%M",
}
_REMEMBERED, _TURNS = "What is remembered, most relevant first:", "The last turns:"


def write_prompt(items: Sequence[ContextItem], turns: Sequence[Message], token_budget: int) -> str:
    """The block of text for some items, best first, and some turns, oldest first. See `Context.prompt`."""
    left = token_budget or math.inf
    said, left = _fitting(_TURNS, map(_turn, reversed(turns)), left)
    told, _ = _fitting(_REMEMBERED, map(_item, items), left)
    blocks = ([_REMEMBERED, *told] if told else []), ([_TURNS, *reversed(said)] if said else [])
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _fitting(title: str, lines: Iterable[str], left: float) -> tuple[list[str], float]:
    """The first lines that fit with their title, and the tokens that are left then."""
    kept: list[str] = []
    needed = float(_tokens(title))
    for line in lines:
        if needed + _tokens(line) > left:
            break
        needed += _tokens(line)
        kept.append(line)
    return kept, left - needed if kept else left


def _tokens(line: str) -> int:
    return -(-(len(line.encode()) + 2) // _BYTES_PER_TOKEN)


def _item(item: ContextItem) -> str:
    content = " ".join(item.content.split())
    if item.type == "excerpt":
        content = f'{item.subject or "Somebody"}: "{content}"'
    elif item.excerpt:
        content = f'{content}, from "{" ".join(item.excerpt.split())}"'
    when = [f"said {_day(item.said_at)}" if item.said_at else "", _event(item), _until(item)]
    notes = "; ".join(part for part in (item.type.replace("_", " "), *when, _source(item.sources)) if part)
    return f"- {content} ({notes})"


def _event(item: ContextItem) -> str:
    if item.event_date is None:
        return ""
    wording = _EVENTS.get(item.event_precision, "%-d %B %Y")
    end = f" to {item.event_end.strftime(wording)}" if item.event_end else ""
    return f"when: {item.event_date.strftime(wording)}{end}"


def _until(item: ContextItem) -> str:
    return f"true until {_day(item.valid_until)}" if item.valid_until else ""


def _source(sources: Sequence[Source]) -> str:
    if not sources:
        return ""
    last = sources[-1]
    place = (
        f"document {last.document_id}" if last.kind == "document" else f"conversation {last.conversation_id}, turn {last.number}"
    )
    return place + (f" and {len(sources) - 1} more" if len(sources) > 1 else "")


def _turn(turn: Message) -> str:
    when = f" ({turn.timestamp:%-d %B %Y, %H:%M})" if turn.timestamp else ""
    return f"{turn.speaker or turn.role.capitalize()}{when}: {' '.join(turn.content.split())}"


def _day(moment: datetime) -> str:
    return f"{moment:%-d %B %Y}"
