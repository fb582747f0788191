"""What a fetch gives back."""

from __future__ import annotations

from dataclasses import dataclass

from eunoe_client._memory import ContextItem
from eunoe_client._message import Message
from eunoe_client._prompt import write_prompt
from eunoe_client._record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval(Record):
    """How an answer came about.

    Example:
        >>> Retrieval(degraded=True, reasons=("INDEX_BEHIND",)).reasons
        ('INDEX_BEHIND',)
    """

    degraded: bool = False
    """Whether something that was asked for could not be done."""
    approximate: bool = False
    """Whether a scope was too large to be ranked whole."""
    reasons: tuple[str, ...] = ()
    """What could not be done, or why it is approximate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context(Record):
    """What is remembered for a question.

    Example:
        >>> context = Context(ranked=())
        >>> context.facts, context["recent_turns"]
        ((), ())
    """

    ranked: tuple[ContextItem, ...]
    """All items, best first."""
    recent_turns: tuple[Message, ...] = ()
    """In fetches by conversation: its last turns, oldest first. They are not among the items."""
    retrieval: Retrieval = Retrieval()

    @property
    def facts(self) -> tuple[ContextItem, ...]:
        """What is so."""
        return self._of("fact")

    @property
    def preferences(self) -> tuple[ContextItem, ...]:
        """What is liked, disliked or wanted."""
        return self._of("preference")

    @property
    def episodes(self) -> tuple[ContextItem, ...]:
        """What happened."""
        return self._of("episode")

    @property
    def emotions(self) -> tuple[ContextItem, ...]:
        """What was felt."""
        return self._of("emotion")

    @property
    def temporal_events(self) -> tuple[ContextItem, ...]:
        """What has a date."""
        return self._of("temporal_event")

    @property
    def excerpts(self) -> tuple[ContextItem, ...]:
        """What was said, in the words it was said in."""
        return self._of("excerpt")

    def prompt(self, token_budget: int = 0) -> str:
        """What is remembered as a block of text for a prompt: one item a line with its date and source, best first, then the last turns.

        Args:
            token_budget: How many tokens the block may have, by the service's estimate (four bytes each): turns come first, the newest
                before older ones, then as many items as fit. 0: no limit.

        Returns:
            The block; empty where nothing is remembered, or nothing fits.
        """
        return write_prompt(self.ranked, self.recent_turns, token_budget)

    def _of(self, kind: str) -> tuple[ContextItem, ...]:
        return tuple(item for item in self.ranked if item.type == kind)
