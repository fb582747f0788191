"""What is understood of a question: names, dates, the asker."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from service.domain.zones import zone
from service.retrieval.dates import closeness, periods_in
from service.retrieval.names import find_names, index_names, is_personal_name
from service.retrieval.plan import plan_question

_PEOPLE = [index_names(["ana silva", "ben", "will", "project manager", "dr. rosa diaz"]), index_names(["zoe"])]


def _time(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


_NOW = _time("2024-05-16T12:00:00")
"""A Thursday."""


@pytest.mark.parametrize(
    ("question", "speakers", "rest"),
    [
        ("What did Ana's sister say to Ben?", {"ana silva", "ben"}, "What did sister say to?"),
        ("Where does Zoe live?", {"zoe"}, "Where does live?"),
        ("Will it rain?", set(), "Will it rain?"),
        ("What did Will cook?", {"will"}, "What did cook?"),
        ("which project was it", set(), "which project was it"),
        ("what did the project manager say", {"project manager"}, "what did the say"),
        ("what did ben say", {"ben"}, "what did say"),
        ("Who is Ben?", {"ben"}, "Who is Ben?"),
        ("Did Dr. Diaz call?", {"dr. rosa diaz"}, "Did Dr. call?"),
        ("What about Carl?", set(), "What about Carl?"),
    ],
)
def test_participants_are_found_and_taken_out(question: str, speakers: set[str], rest: str) -> None:
    """Names with possessives go from the embedded text, unless nothing else would remain."""
    naming = find_names(question, _PEOPLE)
    assert (set(naming.speakers), naming.text) == (speakers, rest)


def test_the_more_exactly_named_participant_is_meant() -> None:
    """With two people of one first name the full name tells them apart; the first name alone means both."""
    people = [index_names(["ana silva", "ana costa"])]
    assert find_names("What did Ana Costa say?", people).speakers == {"ana costa"}
    assert find_names("What did Ana say?", people).speakers == {"ana silva", "ana costa"}


@pytest.mark.parametrize(
    ("label", "is_name"), [("ana", True), ("user", False), ("speaker 2", False), ("", False), ("dr. diaz", True)]
)
def test_labels_are_no_names(label: str, is_name: bool) -> None:
    """What a transcript writes for an unknown speaker is never taken for a person."""
    assert is_personal_name(label) is is_name


@pytest.mark.parametrize(
    ("question", "inside", "outside"),
    [
        ("What happened on 8 May 2023?", "2023-05-08", "2023-05-20"),
        ("what about May 8th, 2023", "2023-05-08", "2023-04-08"),
        ("on 2023-05-08", "2023-05-08", "2022-05-08"),
        ("What did we plan in March?", "2023-03-15", "2023-05-15"),
        ("What did we plan in March?", "2024-03-15", "2024-04-30"),
        ("last March", "2024-03-15", "2023-03-15"),
        ("last June", "2023-06-15", "2022-06-15"),
        ("in the summer of 2022", "2022-07-15", "2023-07-15"),
        ("two weeks ago", "2024-05-02", "2024-05-15"),
        ("yesterday", "2024-05-15", "2024-05-10"),
        ("the day before yesterday", "2024-05-14", "2024-05-16"),
        ("last week", "2024-05-08", "2024-05-16"),
        ("last Friday", "2024-05-10", "2024-05-03"),
        ("last year", "2023-09-09", "2024-05-15"),
        ("in 2021", "2021-01-01", "2024-01-01"),
    ],
)
def test_times_of_the_question_are_found(question: str, inside: str, outside: str) -> None:
    """A time inside the period is as close as can be; others are farther."""
    periods = periods_in(question, _NOW, _time("2021-01-01"), _NOW)
    near, far = closeness(np.array([_time(inside), _time(outside)]), periods).tolist()
    assert near == 1.0
    assert far < 0.6


@pytest.mark.parametrize("question", ["May I ask you?", "31 February 2023", "the 2 cats", "march on", "", "in 3000"])
def test_what_is_no_time_gives_no_period(question: str) -> None:
    """Modal verbs, impossible dates and plain numbers are left alone."""
    assert periods_in(question, _NOW, 0, _NOW) == ()


def test_times_out_of_every_calendar_are_no_error() -> None:
    """Whatever times a scope or a caller holds, a question can be planned."""
    extreme = np.iinfo(np.int64)
    for time in (extreme.min, extreme.max, 0):
        periods_in("999 years ago, last year, in March, next month", time, extreme.min, extreme.max)


def test_the_plan_of_a_question() -> None:
    """Terms come from the whole question; a named participant outweighs the first person."""
    plan = plan_question("When did I tell Ben about my trip in May?", _PEOPLE, _NOW, _NOW, _NOW)
    assert plan.terms == ("tell", "ben", "trip", "may")
    assert plan.embed_text == "When did I tell about my trip in May?"
    assert (plan.speaker, plan.is_about_asker, plan.asks_when, len(plan.periods)) == ("ben", False, True, 1)
    assert plan_question("Where is my bike?", [], _NOW, _NOW, _NOW).is_about_asker


@pytest.mark.parametrize(
    ("time_zone", "day"),
    [("", "2024-05-15"), ("+05:30", "2024-05-15"), ("Pacific/Auckland", "2024-05-16"), ("-13:00", "2024-05-14")],
)
def test_relative_dates_are_of_the_asker_s_days(time_zone: str, day: str) -> None:
    """Yesterday is the day before the one that it is where the question is asked, from midnight to midnight there."""
    (period,) = periods_in("yesterday", _NOW, 0, _NOW, time_zone)
    begins = datetime.fromisoformat(day).replace(tzinfo=zone(time_zone))
    assert period.start == begins.timestamp() * 1_000_000
    assert period.end == (begins + timedelta(days=1)).timestamp() * 1_000_000 - 1


def test_a_day_is_as_long_as_it_is() -> None:
    """The night when clocks are set makes a day of 23 hours."""
    (period,) = periods_in("on 31 March 2024", _NOW, 0, _NOW, "Europe/Rome")
    assert period.end - period.start + 1 == 23 * 3600 * 1_000_000
