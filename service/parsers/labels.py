"""Speaker labels at the beginning of a line: their shapes, and which of them a transcript really uses.

A line like "Note: bring milk" looks like a label. So the labels of a whole text are judged together: one shape is used
throughout a transcript, and a plain label counts only when it is a known role, comes back, or is shaped like a name.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from service.domain.kinds import Role
from service.parsers.spans import Line

_NAME = r"(?P<name>[^\W\d_][\w.'\u2019-]{0,30}(?: [\w.'\u2019&-]{1,30}){0,3}(?: \([^()]{1,30}\))?)"
_CLOCK = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[.,]\d{1,3})?(?: ?[AaPp]\.?[Mm]\.?)?"
_DATE = r"(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[/.]\d{1,2}[/.]\d{2,4})"
_STAMP = rf"(?P<stamp>{_DATE}(?:,? ?T?{_CLOCK})?|{_CLOCK})"

STYLES: dict[str, re.Pattern[str]] = {
    "stamped": re.compile(rf"[\[(]?{_STAMP}[\])]?\s{{0,4}}(?:[-–—|]\s{{0,4}})?(?:\*\*)?{_NAME}(?:\*\*)?:(?:\*\*)?(?=\s|$)"),
    "stamp_last": re.compile(rf"(?:\*\*)?{_NAME}(?:\*\*)?\s{{0,4}}[\[(]{_STAMP}[\])]\s{{0,4}}:(?:\*\*)?(?=\s|$)"),
    "own_line": re.compile(rf"(?:\*\*)?{_NAME}(?:\*\*)?(?:,? at|,)?\s{{1,4}}[\[(]?{_STAMP}[\])]?\s*$"),
    "bold": re.compile(rf"\*\*{_NAME}(?::\*\*|\*\*\s?:)(?=\s|$)"),
    "plain": re.compile(rf"{_NAME}:(?=\s|$)"),
}
"""The shapes of a label, the surest first."""

ASSISTANT_LABELS = frozenset(
    [
        "assistant",
        "ai",
        "bot",
        "chatbot",
        "model",
        "chatgpt",
        "gpt",
        "gpt-4",
        "claude",
        "gemini",
        "copilot",
        "system",
        "agent-ai",
        "ai-assistant",
    ]
) | {"ai assistant", "virtual assistant", "ai agent"}
USER_LABELS = frozenset({"user", "human", "me", "you"})
AGENT_LABELS = frozenset({"agent", "support", "operator", "support agent", "service agent", "representative", "helpdesk"})
CUSTOMER_LABELS = frozenset({"customer", "caller", "client", "requester"})

_NOT_NAMES = frozenset(
    word
    for line in (
        "note notes ps p.s nb n.b edit update todo to-do tip tips warning caution important subject from to cc bcc re fwd",
        "date time when where who what why how question answer q a summary agenda action actions decision decisions",
        "attendees present location topic title example e.g i.e also but and so or then thanks regards best cheers http",
        "https www ingredients method step steps result results error errors problem solution contact phone tel email",
        "e-mail address price total options pros cons first second third finally yes no ok okay well reminder goal goals",
        "next status plan",
    )
    for word in line.split()
)
_PREFIX = 160
"""Characters of a line in which a label can stand, so that long lines cost nothing."""


@dataclass(frozen=True, slots=True)
class Label:
    """A label on one line: who speaks, the time stamp as written, and where the speech begins."""

    line: int
    name: str
    stamp: str
    start: int
    """Offset of the line in the text."""
    text_start: int
    """Offset behind the label."""


def find_labels(text_lines: tuple[Line, ...], *, role_labels: frozenset[str], declared: bool) -> tuple[Label, ...]:
    """The labels of a transcript in its own shape; empty where the text is none.

    Args:
        text_lines: the lines of the text.
        role_labels: lower-case labels that count by themselves.
        declared: whether the caller said that this is a talk; else labels must prove it by coming back.
    """
    best: tuple[Label, ...] = ()
    for style, pattern in STYLES.items():
        found = _labels_of(pattern, text_lines)
        if style in {"plain", "bold"}:
            found = _credible(found, role_labels, declared)
        elif style == "own_line":
            found = tuple(label for label in found if _is_name_shaped(label.name))
        if len(found) < 2 and (style == "own_line" or not declared):
            found = ()
        if len(found) > len(best):
            best = found
    return best


def _labels_of(pattern: re.Pattern[str], text_lines: tuple[Line, ...]) -> tuple[Label, ...]:
    found = []
    for number, line in enumerate(text_lines):
        prefix = line.text[:_PREFIX]
        indent = len(prefix) - len(prefix.lstrip())
        match = pattern.match(prefix, indent)
        if match and not _is_common_word(match["name"]):
            stamp = match.groupdict().get("stamp") or ""
            found.append(Label(number, " ".join(match["name"].split()), stamp, line.start, line.start + match.end()))
    return tuple(found)


def _is_common_word(name: str) -> bool:
    return name.casefold() in _NOT_NAMES


def _credible(found: tuple[Label, ...], role_labels: frozenset[str], declared: bool) -> tuple[Label, ...]:
    """Drops labels that are more likely the beginning of a sentence."""
    roles = {label.name.casefold() for label in found} & role_labels
    both_sides = bool(roles & ASSISTANT_LABELS) and bool(roles & USER_LABELS)
    counts = Counter(label.name.casefold() for label in found)
    comes_back = any(count > 1 for count in counts.values())
    if not declared and not roles and not (comes_back and len(counts) > 1):
        return ()
    return tuple(
        label
        for label in found
        if label.name.casefold() in roles
        or (not both_sides and (counts[label.name.casefold()] > 1 or (declared and _is_name_shaped(label.name))))
    )


def _is_name_shaped(name: str) -> bool:
    """Whether every word begins with a capital: "Ana", "Dr. Halloran", "Ana (Sales)"."""
    return all(not word[0].islower() for word in name.replace("(", "").split())


def role_of(name: str, *, agents: bool) -> tuple[Role, str]:
    """The role of a label and the speaker's name; the name is empty where the label only tells the role.

    Args:
        name: the label as written.
        agents: whether "Agent" and "Customer" are roles here rather than people.
    """
    folded = name.casefold()
    if folded in ASSISTANT_LABELS or (agents and folded in AGENT_LABELS):
        return Role.ASSISTANT, ""
    if folded in USER_LABELS or (agents and folded in CUSTOMER_LABELS):
        return Role.USER, ""
    return Role.USER, name
