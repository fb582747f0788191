"""When an owner's trouble counts."""

from __future__ import annotations

from service.ops.trouble import LASTING_SECONDS, WORDS, OwnerTrouble, Trouble


def test_a_trouble_counts_when_it_lasts() -> None:
    """What the owner waits for is told some seconds after it began, not at the first hiccup, and no longer when it is over."""
    now = 0.0
    owner = OwnerTrouble(lambda: now)
    owner.note(Trouble.STORAGE_AWAY)
    assert owner.reasons() == []
    now += LASTING_SECONDS
    owner.note(Trouble.STORAGE_FULL)
    assert owner.lasting() is Trouble.STORAGE_FULL
    assert owner.reasons() == [WORDS[Trouble.STORAGE_FULL]]
    owner.note(Trouble.NONE)
    assert (owner.lasting(), owner.reasons()) == (Trouble.NONE, [])


def test_an_index_that_is_away_keeps_no_calls_away() -> None:
    """They are answered without it; metrics tell of it."""
    now = 0.0
    owner = OwnerTrouble(lambda: now)
    owner.note(Trouble.INDEX_AWAY)
    now += LASTING_SECONDS
    assert (owner.lasting(), owner.reasons()) == (Trouble.INDEX_AWAY, [])


def test_every_trouble_has_words() -> None:
    """Whoever watches the service is told what it is."""
    assert set(WORDS) == set(Trouble) - {Trouble.NONE}
