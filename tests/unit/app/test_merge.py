"""How a new text joins the text of a memory."""

from __future__ import annotations

import pytest

from service.app.merge import Merge, MergeStrategy
from service.extractors.rules.extractor import RuleExtractor

MERGE = Merge(RuleExtractor())
SMART = MergeStrategy.SMART_MERGE


def test_replace() -> None:
    """The new text takes the place of the old one."""
    assert MERGE.join("old", "new", MergeStrategy.REPLACE) == "new"


def test_append() -> None:
    """The new text follows the old one."""
    assert MERGE.join("old", "new", MergeStrategy.APPEND) == "old\nnew"


@pytest.mark.parametrize(
    ("old", "new", "both"),
    [
        ("User lives in Porto.", "User likes tea.", "User lives in Porto. User likes tea."),
        ("User likes tea", "User likes cake", "User likes tea. User likes cake"),
        ("User likes tea.", "user  likes TEA.", "user  likes TEA."),
        ("User lives in Porto. User likes tea.", "User lives in Lisbon.", "User likes tea. User lives in Lisbon."),
        ("User lives in Porto.", "User's sister Ana lives in Lisbon.", "User lives in Porto. User's sister Ana lives in Lisbon."),
        ("It rains. It rains. It snows.", "It snows. It hails.", "It rains. It snows. It hails."),
        ("", "new", "new"),
    ],
)
def test_smart_merge(old: str, new: str, both: str) -> None:
    """Sentences of both without repeats; the new value of the same thing wins, and other people keep theirs."""
    assert both == MERGE.join(old, new, SMART)


def test_merging_twice_changes_nothing() -> None:
    """The same text merged again leaves the memory as it is."""
    once = MERGE.join("User likes tea. User has a dog.", "User lives in Porto.", SMART)

    assert once == MERGE.join(once, "User lives in Porto.", SMART)
