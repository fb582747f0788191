"""What observations add up to depends on the set of them, never on the order in which they came."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.resolution import (
    CONFIDENCE_CEILING,
    MOST_SOURCES,
    End,
    Said,
    compose,
    entities_of,
    fold_name,
    slot_ends,
    undecided,
)
from service.domain.slots import DATE

DAY = 86_400_000_000
OCTOBER_2024, MARCH_2026 = 1_728_000_000_000_000, 1_772_000_000_000_000


def said(
    identity: str,
    *,
    memory: str = "",
    source: str = "",
    value: str = "",
    polarity: int = 1,
    at: int = MARCH_2026,
    number: int = 1,
    confidence: float = 0.8,
    mentions: tuple[str, ...] = (),
) -> Said:
    """An observation by its few parts that matter."""
    return Said(
        observation_id=identity,
        memory_id=memory or identity,
        source_id=source or f"source of {identity}",
        statement=f"statement of {identity}",
        subject="user",
        attribute="home" if value else "",
        value=value,
        polarity=polarity,
        said_time=at,
        conversation="c",
        number=number,
        start=0,
        confidence=confidence,
        event_time=None,
        session="s",
        details=json.dumps({"mentions": [{"name": name, "kind": "place"} for name in mentions]}),
        origin=json.dumps({"message_id": identity}),
        metadata="",
        terms="",
        vector=b"",
        words=3,
        has_time_word=0,
    )


@st.composite
def observations(draw: st.DrawFn) -> list[Said]:
    """Observations of one slot by few memories, at few times, from few sources."""
    count = draw(st.integers(1, 12))
    found = []
    for each in range(count):
        value = draw(st.sampled_from(["porto", "lisbon", "rome", ""]))
        polarity = draw(st.sampled_from([1, 1, -1])) if value else -1
        found.append(
            said(
                f"mem_{each:02}",
                memory=f"mem_{value}_{polarity}",
                source=f"src_{draw(st.integers(0, 4))}",
                value=value,
                polarity=polarity,
                at=draw(st.integers(1, 6)),
                number=draw(st.integers(1, 3)),
                confidence=draw(st.sampled_from([0.5, 0.7, 0.9])),
                mentions=tuple(draw(st.lists(st.sampled_from(["Ana", "ANA", "Porto"]), max_size=2))),
            )
        )
    return found


@given(observations(), st.randoms())
def test_composing_ignores_the_order(found: list[Said], random: Random) -> None:
    """A memory's text, confidence, first mention and details are equal for every order of its observations."""
    shuffled = list(found)
    random.shuffle(shuffled)

    assert compose(1, shuffled, None) == compose(1, found, None)


@given(observations(), st.randoms())
def test_ends_ignore_the_order(found: list[Said], random: Random) -> None:
    """Which memories of a slot ended, when and through which, is equal for every order of the observations."""
    shuffled = list(found)
    random.shuffle(shuffled)

    assert slot_ends(shuffled) == slot_ends(found)


@given(observations())
def test_an_end_lies_after_the_last_word(found: list[Said]) -> None:
    """A memory ends after it was last said, through another memory."""
    last = {one.memory_id: max(other.said_time for other in found if other.memory_id == one.memory_id) for one in found}

    for memory_id, end in slot_ends(found).items():
        assert end.time > last[memory_id]
        assert end.superseded_by != memory_id


def test_the_latest_said_wins_not_the_latest_processed() -> None:
    """A document of 2024 that is loaded today does not replace what was said in 2026."""
    new, old = said("new", value="lisbon", at=MARCH_2026), said("old", value="porto", at=OCTOBER_2024)

    assert slot_ends([new, old]) == {"old": End(MARCH_2026, "new")}


def test_the_text_is_of_the_latest_said() -> None:
    """The text of a memory is that of its latest statement by said time, then conversation, number and span."""
    early, late = said("z", memory="m", at=1, number=9), said("a", memory="m", at=2, number=1)
    tied = replace(late, observation_id="b", number=2, statement="the later turn")

    assert compose(1, [late, early], None).latest is late
    assert compose(1, [tied, late, early], None).latest is tied
    assert compose(1, [late, early], None).first_said == 1


def test_what_was_said_at_once_stays_side_by_side() -> None:
    """Two values said at the same instant do not end each other."""
    assert slot_ends([said("a", value="porto"), said("b", value="lisbon")]) == {}


@pytest.mark.parametrize(
    ("first", "then", "ends"),
    [
        (("acme", 1), ("globex", 1), True),
        (("acme", 1), ("acme", -1), True),
        (("acme", 1), ("", -1), True),
        (("acme", 1), ("globex", -1), False),
        (("acme", -1), ("acme", 1), True),
        (("acme", -1), ("globex", 1), False),
        (("acme", -1), ("globex", -1), False),
    ],
)
def test_what_ends_what(first: tuple[str, int], then: tuple[str, int], ends: bool) -> None:
    """A value ends with another value or its own end; the statement of an end ends with the value's return."""
    earlier = said("a", value=first[0], polarity=first[1], at=1)
    later = said("b", value=then[0], polarity=then[1], at=2)

    assert ("a" in slot_ends([earlier, later])) is ends


def test_a_second_source_makes_it_likelier() -> None:
    """Confidence grows with every further source, not with a repetition in the same one, and never reaches certainty."""
    once = compose(1, [said("a", memory="m", source="x")], None).confidence
    repeated = compose(1, [said(each, memory="m", source="x") for each in "ab"], None).confidence
    twice = compose(1, [said(each, memory="m", source=each) for each in "ab"], None).confidence
    often = compose(1, [said(str(each), memory="m", source=str(each)) for each in range(50)], None).confidence

    assert once == repeated < twice < often == CONFIDENCE_CEILING


def test_a_memory_names_its_latest_sources() -> None:
    """A memory names a bounded number of its sources: the latest ones, oldest first."""
    found = [said(f"{each:03}", memory="m", at=each) for each in range(MOST_SOURCES + 5)]

    sources = json.loads(compose(1, found, None).details)["sources"]

    assert [source["message_id"] for source in sources] == [f"{each:03}" for each in range(5, MOST_SOURCES + 5)]


def test_the_end_is_told() -> None:
    """A memory that ended names what superseded it."""
    assert json.loads(compose(1, [said("a", value="porto")], End(9, "b")).details)["superseded_by"] == "b"


def test_entities_belong_to_one_scope() -> None:
    """Names that differ in case and spaces are one entity of a scope, and another entity in another scope."""
    mentions = [{"name": "Ana  Lima", "kind": "person"}, {"name": "ana lima", "kind": "person"}]

    assert [entity["name"] for entity in entities_of(1, mentions)] == ["Ana  Lima"]
    assert entities_of(1, mentions)[0]["id"] != entities_of(2, mentions)[0]["id"]
    assert fold_name(" ANA\tLima ") == fold_name("ana lima")


def dated(identity: str, day: int, *, at: int, corrects: bool = False, polarity: int = 1, number: int = 1) -> Said:
    """An appointment on a day after the first statement."""
    one = said(identity, value=f"day {day}", at=at, number=number, polarity=polarity)
    details = json.dumps({"corrects": True} if corrects else {})
    return replace(one, attribute=DATE + "interview", event_time=MARCH_2026 + day * DAY, details=details)


def test_a_corrected_appointment_gives_way() -> None:
    """The date that was taken back ends with the correction."""
    ends = slot_ends([dated("a", 5, at=MARCH_2026), dated("b", 6, at=MARCH_2026 + 60, corrects=True)])
    assert ends == {"a": End(MARCH_2026 + 60, "b")}


def test_a_second_appointment_is_no_correction() -> None:
    """Undecidable: both stay."""
    assert slot_ends([dated("a", 5, at=MARCH_2026), dated("b", 9, at=MARCH_2026 + 60)]) == {}


def test_what_has_been_is_not_corrected() -> None:
    """An interview of last month stands, whatever is said of the next."""
    assert slot_ends([dated("a", 5, at=MARCH_2026), dated("b", 40, at=MARCH_2026 + 30 * DAY, corrects=True)]) == {}


def test_a_cancelled_appointment_ends() -> None:
    """No correction needed."""
    ends = slot_ends([dated("a", 5, at=MARCH_2026), dated("b", 5, at=MARCH_2026 + 60, polarity=-1)])
    assert ends == {"a": End(MARCH_2026 + 60, "b")}


def test_another_day_is_not_cancelled() -> None:
    """Who calls off Friday's meeting still has Monday's."""
    assert slot_ends([dated("a", 5, at=MARCH_2026), dated("b", 9, at=MARCH_2026 + 60, polarity=-1)]) == {}


def test_what_is_called_off_without_its_date_was_spoken_of_last() -> None:
    """Of two interviews the later mentioned ends, the other stands; saying it twice takes no second one."""
    off = [
        replace(dated(name, 0, at=MARCH_2026 + at, polarity=-1), value="", event_time=None) for name, at in (("c", 60), ("d", 90))
    ]
    ends = slot_ends([dated("a", 5, at=MARCH_2026), dated("b", 9, at=MARCH_2026 + 30), *off])
    assert ends == {"b": End(MARCH_2026 + 60, "c")}


def test_a_correction_in_the_same_breath() -> None:
    """Said at the same time in one talk, the one that corrects is the later one."""
    first, second = dated("a", 5, at=MARCH_2026), dated("b", 6, at=MARCH_2026, corrects=True, number=2)
    assert slot_ends([second, first]) == {"a": End(MARCH_2026, "b")}


def test_values_said_at_the_same_time_name_each_other() -> None:
    """Nothing decides between them, so both stay and each tells of the other; what has ended is not among them."""
    found = [said("a", value="porto"), said("b", value="lisbon"), said("c", value="porto", memory="d")]
    ends = slot_ends(found)
    assert undecided(found, ends) == {"a": ("b",), "b": ("a", "d"), "d": ("b",)}
    assert json.loads(compose(1, found[:1], None, ("b",)).details)["related"] == ["b"]
    later = [*found, said("e", value="oslo", at=MARCH_2026 + 60)]
    assert undecided(later, slot_ends(later)) == {}


def test_two_appointments_contradict_nothing() -> None:
    """Two dentist's appointments are two appointments."""
    found = [dated("a", 5, at=MARCH_2026), dated("b", 9, at=MARCH_2026)]
    assert undecided(found, slot_ends(found)) == {}
