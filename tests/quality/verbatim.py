"""How much of what is remembered is only an echo: memories that are whole turns, or pieces of one, in the words they were said in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tests.quality.conversations import Talk

_WORD = re.compile(r"\w+(?:['’]\w+)*")


@dataclass(frozen=True, slots=True)
class Echo:
    """What was said, ready to be compared."""

    turns: frozenset[str]
    joined: str

    @classmethod
    def of(cls, talks: Iterable[Talk]) -> Echo:
        """What was said in some conversations."""
        turns = {_plain(turn.text) for talk in talks for turn in talk.turns}
        return cls(frozenset(turns), " | ".join(["", *sorted(turns), ""]))

    def is_turn(self, content: str) -> bool:
        """Whether a memory is a whole turn, but for case and marks."""
        return _plain(content) in self.turns

    def is_quote(self, content: str) -> bool:
        """Whether a memory is a run of words as somebody said them."""
        return f" {_plain(content)} " in self.joined


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))
