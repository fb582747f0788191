"""What a scope in memory promises: the same ranking whatever way its rows came."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.columns import ItemColumns
from service.domain.item import Item
from service.domain.kinds import MemoryType
from service.retrieval.rank import rank
from service.retrieval.request import RankedItem, RankRequest
from service.retrieval.scope import Scope
from tests.unit.retrieval.rows import DAY, NOW, embed, item

_WORDS = "tea coffee garden rain paris trip sister dog piano train monday library soup bread music".split()
_QUESTIONS = ["When did Ana go to Paris by train?", "Do I like tea or coffee?", "garden music last week"]


def _row(number: int, words: list[str], draw: random.Random) -> Item:
    made = item(
        f"{number:04}",
        " ".join(words),
        speaker=draw.choice(["Ana", "Ben", "User"]),
        role=draw.choice(["user", "assistant"]),
        session=f"s{number // 7}",
        number=number,
        said_time=NOW - draw.randrange(1, 400) * DAY,
        confidence=draw.choice([0.5, 0.75, 1.0]),
    )
    if number % 5 == 4:
        return replace(made, parent=f"psg_{number - 1:04}")
    return _memory(made, number, draw) if number % 3 == 2 else made


def _memory(made: Item, number: int, draw: random.Random) -> Item:
    """A memory of one to three excerpts, some of which are not there, that was perhaps superseded."""
    sources = ",".join(f'{{"passage":"psg_{draw.randrange(number + 2):04}"}}' for _ in range(draw.randrange(1, 4)))
    end = draw.choice([None, NOW - DAY])
    after = f',"superseded_by":"mem_{draw.choice([number + 3, number + 6]):04}"' if end else ""
    details = f'{{"sources":[{sources}]{after}}}'
    return replace(made, kind=str(MemoryType.FACT), item_id=f"mem_{number:04}", valid_until=end, details=details)


@st.composite
def _rows(draw: st.DrawFn) -> list[Item]:
    texts = draw(st.lists(st.lists(st.sampled_from(_WORDS), min_size=1, max_size=5), min_size=1, max_size=40))
    chance = random.Random(draw(st.integers(0, 1000)))
    return [_row(number, words, chance) for number, words in enumerate(texts)]


def _answer(scope: Scope) -> list[RankedItem]:
    request = RankRequest(query_time=NOW, max_results=50, explain=True)
    return [found for question in _QUESTIONS for found in rank([question], [scope], embed, request)]


@settings(max_examples=60, deadline=None)
@given(_rows(), st.randoms(use_true_random=False))
def test_the_ranking_does_not_depend_on_the_order_of_arrival(rows: list[Item], chance: random.Random) -> None:
    """All rows at once, or in another order in small deltas with replaced and deleted ones between: the same list and scores."""
    loaded = Scope(1, 9, rows)
    grown = Scope(1)
    arriving = [*rows, *(replace(row, version=0, text="old", terms="old paris tea") for row in rows[::2])]
    strangers = [item(f"gone{number}", "paris tea train", speaker="Zoe") for number in range(7)]
    arriving = [*arriving, *strangers]
    chance.shuffle(arriving)
    while arriving:
        size = chance.randrange(1, 9)
        grown.apply(arriving[:size], (), 1)
        arriving = arriving[size:]
    grown.apply((), [stranger.item_id for stranger in strangers], 9)
    assert _answer(grown) == _answer(loaded)


def test_a_scope_that_lived_long_ranks_as_one_just_loaded() -> None:
    """Hundreds of small deltas, merges of the tail and compactions leave no trace in the ranking, nor in memory."""
    chance = random.Random(5)
    grown = Scope(1)
    held: dict[str, Item] = {}
    for step in range(900):
        words = chance.choices(_WORDS, k=chance.randrange(1, 6))
        row = replace(_row(chance.randrange(300), words, chance), version=step)
        gone = [chance.choice(list(held))] if held and step % 4 == 0 else []
        held = {name: kept for name, kept in held.items() if name not in gone} | {row.item_id: row}
        grown.apply([row], [name for name in gone if name != row.item_id], step)
    loaded = Scope(1, 900, list(held.values()))
    assert len(grown) == len(loaded) == len(held)
    assert _answer(grown) == _answer(loaded)
    assert grown.size_bytes < 4 * loaded.size_bytes


def test_rows_read_by_column_rank_as_items_do() -> None:
    """However it was loaded, a scope ranks the same, and nothing is held twice."""
    rows = [item(f"{number}", f"tea w{number}") for number in range(80)]
    ask = RankRequest(query_time=NOW)
    by_column = rank(["tea w7"], [Scope.of_columns(1, 1, ItemColumns.of_items(rows))], embed, ask)
    assert by_column == rank(["tea w7"], [Scope(1, 1, rows)], embed, ask)
    assert {(one.item.vector, one.item.terms) for one in by_column} == {(b"", "")}


def test_a_delta_applied_twice_or_late_changes_nothing() -> None:
    """An older or equal version never replaces the one held, and deleting what is not there is no error."""
    scope = Scope(1, 3, [item("a", "tea in the garden", version=3)])
    before = _answer(scope)
    scope.apply([item("a", "coffee", version=2), item("a", "coffee", version=3)], ["psg_unknown"], 2)
    assert _answer(scope) == before
    assert scope.change_number == 3


def test_rows_are_lists_of_terms_whatever_they_hold() -> None:
    """Rows without terms or with a vector that is none are kept and served; the words that are there still count."""
    broken = item("b", "garden", vector=b"")
    infinite = item("c", "rain", vector=b"\x00\x7c" * 384)
    scope = Scope(1, 1, [broken, infinite, item("d", "", terms="")])
    found = rank(["garden"], [scope], embed, RankRequest(query_time=NOW))
    order = [one.item.item_id for one in found]
    assert sorted(order) == ["psg_b", "psg_c", "psg_d"]
    assert order.index("psg_b") < order.index("psg_c")
