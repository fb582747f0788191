"""Dates in a clause, seen from Wednesday 12 March 2025."""

from __future__ import annotations

from datetime import date, time

import pytest

from service.domain.kinds import Precision
from service.extractors.rules.dates import find_date, find_recurrence

TODAY = date(2025, 3, 12)

FUTURE = {
    "on 2025-06-08": "2025-06-08",
    "on 02.08.2025": "2025-08-02",
    "on 23/05/2025": "2025-05-23",
    "on the 12th of june": "2025-06-12",
    "june 12th": "2025-06-12",
    "3 may 2026": "2026-05-03",
    "on 5 january": "2026-01-05",
    "the 20th": "2025-03-20",
    "the 5th": "2025-04-05",
    "friday the 14th": "2025-03-14",
    "the twenty first at nine": "2025-03-21",
    "tomorrow": "2025-03-13",
    "the day after tomorrow": "2025-03-14",
    "in ten days": "2025-03-22",
    "in three weeks": "2025-04-02",
    "four months today": "2025-07-12",
    "on friday": "2025-03-14",
    "on wednesday": "2025-03-19",
    "next friday": "2025-03-21",
    "wednesday next week": "2025-03-19",
    "next week on monday": "2025-03-17",
    "this weekend": "2025-03-15",
    "by the end of next week": "2025-03-21",
    "at the end of april": "2025-04-30",
    "at christmas": "2025-12-25",
    "tonight": "2025-03-12",
}
PAST = {
    "yesterday": "2025-03-11",
    "last night": "2025-03-11",
    "the day before yesterday": "2025-03-10",
    "last saturday": "2025-03-08",
    "on monday": "2025-03-10",
    "two weeks ago": "2025-02-26",
    "on 14 july": "2024-07-14",
    "the 3rd": "2025-03-03",
    "the 20th": "2025-02-20",
}


@pytest.mark.parametrize(("text", "expected"), FUTURE.items())
def test_days_ahead(text: str, expected: str) -> None:
    """A day in talk of the future lies ahead."""
    found = find_date(text, TODAY, past=False)
    assert found is not None
    assert found.start.isoformat() == expected


@pytest.mark.parametrize(("text", "expected"), PAST.items())
def test_days_behind(text: str, expected: str) -> None:
    """A day in talk of the past lies behind."""
    found = find_date(text, TODAY, past=True)
    assert found is not None
    assert found.start.isoformat() == expected


@pytest.mark.parametrize(
    ("text", "start", "precision"),
    [
        ("next week", "2025-03-17", Precision.WEEK),
        ("last month", "2025-02-01", Precision.MONTH),
        ("in june", "2025-06-01", Precision.MONTH),
        ("in 2019", "2019-01-01", Precision.YEAR),
        ("three years ago", "2022-01-01", Precision.YEAR),
        ("last may", "2024-05-01", Precision.MONTH),
    ],
)
def test_coarse_times_say_so(text: str, start: str, precision: Precision) -> None:
    """A week, month or year begins on its first day and is known to be one."""
    found = find_date(text, TODAY, past="ago" in text or "last" in text)
    assert found is not None
    assert (found.start.isoformat(), found.precision) == (start, precision)


def test_ranges_and_clock_times() -> None:
    """A range has an end, a time of day makes the minute known."""
    ranged = find_date("from the 17th to the 24th", TODAY, past=False)
    timed = find_date("friday at 14:15", TODAY, past=False)
    assert ranged is not None
    assert ranged.end == date(2025, 3, 24)
    assert timed is not None
    assert (timed.clock, timed.precision) == (time(14, 15), Precision.MINUTE)


@pytest.mark.parametrize(
    "text",
    [
        "i may be late",
        "the second floor",
        "on 31 february",
        "on 3/4/25",
        "it has 24 rooms",
        "version 2.0.1",
        "the sun is out",
        "9999-12-31",
    ],
)
def test_what_is_no_date(text: str) -> None:
    """Words that look like dates, days that do not exist, and formats read differently in different countries."""
    assert find_date(text, TODAY, past=False) is None


def test_a_near_day_wins_over_one_most_of_a_year_away() -> None:
    """Registered, in March, for the 20th of April: this April, although the verb is past."""
    found = find_date("on april 20", TODAY, past=True)
    assert found is not None
    assert found.start == date(2025, 4, 20)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i swim every other tuesday", "every other tuesday"),
        ("mondays and fridays i work", "mondays and fridays"),
        ("we rehearse the second friday of each month", "the second friday of each month"),
        ("it rings three times a week", "three times a week"),
        ("on friday", ""),
    ],
)
def test_recurrence(text: str, expected: str) -> None:
    """How often, as written."""
    assert find_recurrence(text) == expected
