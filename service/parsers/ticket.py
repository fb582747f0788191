"""Support tickets: a talk where somebody is labelled, else the text under a block of fields that names the customer."""

from __future__ import annotations

import re
from dataclasses import replace

from service.domain.kinds import Role
from service.domain.source import Source, Turn
from service.parsers.transcript import parse_prose, transcript_turns

_FIELD = re.compile(
    r"(?:ticket(?: ?(?:id|no|number|#))?|case|subject|status|priority|created|opened|updated|closed|customer|requester|reporter|reported by|"
    r"submitted by|from|to|"
    r"assignee|assigned to|agent|channel|product|category|tags?|queue|group|type|email|phone|date|sla|severity)[ \t]*[:#]",
    re.IGNORECASE,
)
_CUSTOMER = re.compile(
    r"^(?:customer|requester|reporter|reported by|submitted by|from)(?: name)?[ \t]*:[ \t]*(?P<name>[^\W\d_][^\r\n<(@,|]{1,60})",
    re.IGNORECASE | re.MULTILINE,
)


def parse_ticket(source: Source) -> tuple[Turn, ...]:
    """The turns of a ticket; its fields are said by nobody, its description by the customer."""
    turns = transcript_turns(source)
    if turns is not None:
        return turns
    turns = parse_prose(source)
    fields = [bool(_is_fields(turn.text)) for turn in turns]
    if not any(fields):
        return turns
    named = next(
        (found for turn, is_field in zip(turns, fields, strict=True) if is_field and (found := _CUSTOMER.search(turn.text))), None
    )
    customer = " ".join(named["name"].split()) if named else ""
    return tuple(
        turn if is_field else replace(turn, role=Role.USER, speaker=customer)
        for turn, is_field in zip(turns, fields, strict=True)
    )


def _is_fields(text: str) -> bool:
    """Whether every line of a paragraph is a field."""
    found = [line for line in text.splitlines() if line.strip()]
    return bool(found) and all(_FIELD.match(line.strip("*- \t")) for line in found)
