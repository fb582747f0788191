"""Expressions of time in a question, as periods that ranking prefers and never demands.

What lives here: English dates, months, years and relative expressions ("last March", "two weeks ago"), and how close a time is to them.
What does not: dates in ingested text (an extractor's matter) and whether a question asks for a time (`terms`).

A day, month or season without a year means every such one that the scope reaches back to; "last" means the latest before the query.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from service.domain.zones import local_time, zone
from service.retrieval.terms import fold

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_EPOCH = date(1970, 1, 1)
_MOST_YEARS = 12
"""Years tried for an expression without one."""

_MONTH_NAMES = {
    name: number for number in range(1, 13) for name in (calendar.month_name[number].lower(), calendar.month_abbr[number].lower())
} | {"sept": 9}
_WEEKDAYS = {calendar.day_name[number].lower(): number for number in range(7)}
_SEASONS = {"spring": (3, 5), "summer": (6, 8), "autumn": (9, 11), "fall": (9, 11), "winter": (12, 14)}
"""First and last month, northern hemisphere; a winter ends in the next year."""
_NUMBERS = {
    word: number for number, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
} | {"a": 1, "an": 1, "a couple of": 2, "couple of": 2, "a few": 3, "few": 3, "several": 4}

_MONTH = "(?P<month>" + "|".join(sorted(_MONTH_NAMES, key=len, reverse=True)) + r")\.?"
_DAY_NUMBER = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_SEASON = "(?P<season>" + "|".join(_SEASONS) + ")"
_WHICH = "(?P<which>last|past|previous|this|next|coming)"
_PATTERNS = [
    re.compile(rf"\b{pattern}\b")
    for pattern in (
        r"(?P<year>(?:19|20)\d\d)-(?P<month>\d{1,2})-(?P<day>\d{1,2})",
        rf"{_DAY_NUMBER}\s+(?:of\s+)?{_MONTH}(?:,?\s+(?:of\s+)?{_YEAR})?",
        rf"{_MONTH}\s+(?:the\s+)?{_DAY_NUMBER}(?:,?\s+(?:of\s+)?{_YEAR})?",
        rf"{_MONTH},?\s+(?:of\s+)?{_YEAR}",
        rf"(?:{_WHICH}|in|during|since|until|by|early|late|mid|of|around|before|after)\s+{_MONTH}",
        rf"{_SEASON}\s+(?:of\s+)?{_YEAR}",
        rf"(?:{_WHICH}|in the|during the|over the)\s+{_SEASON}",
        rf"{_WHICH}\s+(?P<unit>day|week|weekend|month|year)",
        rf"{_WHICH}\s+(?P<weekday>{'|'.join(_WEEKDAYS)})",
        rf"(?P<amount>\d{{1,3}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})\s+(?P<unit>day|week|month|year)s?\s+ago",
        r"(?P<near>day before yesterday|yesterday|today|tonight|tomorrow)",
        _YEAR,
    )
]

_MAY_NAME_A_TIME = re.compile(
    rf"\d|\b(?:{'|'.join((*_MONTH_NAMES, *_SEASONS))}|last|past|previous|this|next|coming|ago|yesterday|today|tonight|tomorrow)\b"
)
"""Every pattern needs one of these; most questions have none, and looking for all patterns costs as much as scoring a scope."""


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time in microseconds since 1970, both ends included, and the distance at which closeness has halved."""

    start: int
    end: int
    slack: int


def periods_in(question: str, query_time: int, first_time: int, last_time: int, time_zone: str = "") -> tuple[Period, ...]:
    """Find the periods that a question speaks of.

    Args:
        question: as asked.
        query_time: when it is asked, microseconds since 1970.
        first_time: the earliest time said in the scopes read; bounds expressions without a year.
        last_time: the latest.
        time_zone: whose days are meant; empty: UTC.
    """
    text = fold(question)
    if not _MAY_NAME_A_TIME.search(text):
        return ()
    periods: list[Period] = []
    now = _date_of(query_time, time_zone)
    years = range(_date_of(first_time).year, _date_of(last_time).year + 1)[-_MOST_YEARS:]
    for pattern in _PATTERNS:
        match = pattern.search(text)
        while match:
            text = text[: match.start()] + "#" * (match.end() - match.start()) + text[match.end() :]
            periods.extend(_periods_of(match.groupdict(), now, years))
            match = pattern.search(text)
    return tuple(_in_zone(period, time_zone) for period in periods)


def closeness(times: NDArray[np.int64], periods: Sequence[Period]) -> NDArray[np.float32]:
    """How close each time is to the closest period: 1 inside, 1/2 at its slack, towards 0 far away."""
    moments = times.astype(np.float64)
    best = np.zeros(len(times), np.float32)
    for period in periods:
        gap = np.maximum(np.maximum(period.start - moments, moments - period.end), 0.0)
        np.maximum(best, (1.0 / (1.0 + gap / period.slack)).astype(np.float32), out=best)
    return best


def _periods_of(found: dict[str, str | None], now: date, years: range) -> Iterator[Period]:
    try:
        yield from _dated(found, now, years)
    except (ValueError, OverflowError):
        return  # the 31st of June, a time before year 1: no such period


def _dated(found: dict[str, str | None], now: date, years: range) -> Iterator[Period]:
    month, season, which, unit = found.get("month"), found.get("season"), found.get("which"), found.get("unit")
    year = found.get("year")
    if month is not None:
        number = int(month) if month.isdecimal() else _MONTH_NAMES[month]
        for chosen in _years(year, which, number, now, years):
            yield _month_or_day(chosen, number, found.get("day"))
    elif season is not None:
        first, last = _SEASONS[season]
        for chosen in _years(year, which, first, now, years):
            yield _span(_first_of(chosen, first), _first_of(chosen, last + 1) - timedelta(1), 15)
    elif year is not None:
        yield _span(date(int(year), 1, 1), date(int(year), 12, 31), 30)
    elif found.get("amount") is not None:
        yield _ago(str(found["amount"]), str(unit), now)
    elif found.get("weekday") is not None:
        yield _weekday(_WEEKDAYS[str(found["weekday"])], str(which), now)
    elif unit is not None:
        yield _unit(str(which), unit, now)
    else:
        days = {"yesterday": -1, "tomorrow": 1, "day before yesterday": -2}.get(str(found.get("near")), 0)
        yield _span(now + timedelta(days), now + timedelta(days), 1)


def _years(year: str | None, which: str | None, month: int, now: date, years: range) -> Sequence[int]:
    """The years meant by an expression whose (first) month is `month`."""
    if year is not None:
        return [int(year)]
    if which in {"last", "past", "previous"}:
        return [now.year if month < now.month else now.year - 1]
    if which in {"next", "coming"}:
        return [now.year if month > now.month else now.year + 1]
    return [now.year] if which == "this" else years


def _month_or_day(year: int, month: int, day: str | None) -> Period:
    if day is not None:
        exact = date(year, month, int(day))
        return _span(exact, exact, 2)
    return _span(_first_of(year, month), _first_of(year, month + 1) - timedelta(1), 8)


def _ago(amount: str, unit: str, now: date) -> Period:
    number = int(amount) if amount.isdecimal() else _NUMBERS[amount]
    length = {"day": 1, "week": 7, "month": 30, "year": 365}[unit]
    middle = now - timedelta(number * length)
    return _span(middle - timedelta(length // 2), middle + timedelta(length // 2), max(1, length // 3))


def _weekday(weekday: int, which: str, now: date) -> Period:
    if which in {"next", "coming", "this"}:
        exact = now + timedelta((weekday - now.weekday() - 1) % 7 + 1)
    else:
        exact = now - timedelta((now.weekday() - weekday - 1) % 7 + 1)
    return _span(exact, exact, 1)


def _unit(which: str, unit: str, now: date) -> Period:
    step = {"last": -1, "past": -1, "previous": -1, "this": 0}.get(which, 1)
    if unit == "day":
        return _span(now + timedelta(step), now + timedelta(step), 1)
    if unit in {"week", "weekend"}:
        monday = now + timedelta(7 * step - now.weekday())
        return _span(monday + timedelta(4 if unit == "weekend" else 0), monday + timedelta(6), 3)
    if unit == "month":
        return _span(_first_of(now.year, now.month + step), _first_of(now.year, now.month + step + 1) - timedelta(1), 8)
    return _span(date(now.year + step, 1, 1), date(now.year + step, 12, 31), 30)


def _first_of(year: int, month: int) -> date:
    """The first day of a month that may lie beyond its year."""
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def _span(first: date, last: date, slack_days: int) -> Period:
    start = (first - _EPOCH).days * _DAY
    return Period(start, ((last - _EPOCH).days + 1) * _DAY - 1, slack_days * _DAY)


def _date_of(time: int, time_zone: str = "") -> date:
    return local_time(_moment(time), time_zone).date()


def _in_zone(period: Period, time_zone: str) -> Period:
    """A period of whole days, as it lies on the calendar of a time zone."""
    if not time_zone:
        return period
    start, end = (time - _offset(time, time_zone) for time in (period.start, period.end))
    return Period(start, end, period.slack)


def _offset(local: int, time_zone: str) -> int:
    """How far a zone's clock is ahead of UTC when it shows a time."""
    ahead = _moment(local).replace(tzinfo=zone(time_zone)).utcoffset() or timedelta(0)
    return ahead // timedelta(microseconds=1)


def _moment(time: int) -> datetime:
    clipped = min(max(time, -62_000_000_000 * _SECOND), 250_000_000_000 * _SECOND)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=clipped)
