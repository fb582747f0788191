"""Calendar arithmetic on local dates: what "Friday", "next week" and "three months ago" are, seen from a day.

Conventions: a bare weekday lies ahead in talk of the future and behind in talk of the past, never today; weeks begin on
Monday; "next Friday" is the Friday of the next week; a day of the month is the one nearest in the talk's direction.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            ("monday", "mon"),
            ("tuesday", "tues", "tue"),
            ("wednesday", "weds", "wed"),
            ("thursday", "thurs", "thur", "thu"),
            ("friday", "fri"),
            ("saturday", "sat"),
            ("sunday", "sun"),
        )
    )
    for name in names
}
"""Monday is 0."""

MONTH_NUMBERS = {
    name: number
    for number, names in enumerate(
        (
            ("january", "jan"),
            ("february", "feb"),
            ("march", "mar"),
            ("april", "apr"),
            ("may",),
            ("june", "jun"),
            ("july", "jul"),
            ("august", "aug"),
            ("september", "sept", "sep"),
            ("october", "oct"),
            ("november", "nov"),
            ("december", "dec"),
        ),
        start=1,
    )
    for name in names
}


_FAR = 240
_CLOSE_AHEAD, _CLOSE_BEHIND = 100, 30
"""Days beyond which a day without a year is doubted, and within which the other reading is taken instead."""


def monday(day: date) -> date:
    """The first day of its ISO week."""
    return day - timedelta(days=day.weekday())


def weekday(day: date, number: int, *, past: bool) -> date:
    """The nearest such weekday strictly before or after a day."""
    if past:
        return day - timedelta(days=(day.weekday() - number - 1) % 7 + 1)
    return day + timedelta(days=(number - day.weekday() - 1) % 7 + 1)


def weekday_of_week(day: date, number: int, weeks: int) -> date:
    """That weekday of the ISO week so many weeks away."""
    return monday(day) + timedelta(weeks=weeks, days=number)


def shifted(day: date, count: int, unit: str) -> date:
    """The day so many days, weeks, months or years away; short months end the day earlier."""
    if unit in {"day", "week"}:
        return day + timedelta(**{unit + "s": count})
    months = day.year * 12 + day.month - 1 + (count * 12 if unit == "year" else count)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def day_of_month(today: date, number: int, *, past: bool) -> date | None:
    """The day with that number: of this month, else of the month after or before, whichever way the talk goes."""
    this = safe_date(today.year, today.month, number)
    if this and (this <= today if past else this >= today):
        return this
    other = shifted(today.replace(day=1), -1 if past else 1, "month")
    return safe_date(other.year, other.month, number) or this


def day_and_month(today: date, number: int, month: int, *, past: bool) -> date | None:
    """A day without a year: the next one in talk of the future, the last one in talk of the past.

    A day that lies close the other way wins over one that lies most of a year away: "I've registered for the 20th of August"
    said in August means this August.
    """
    years = (today.year - 1, today.year, today.year + 1)
    days = [day for day in (safe_date(year, month, number) for year in years) if day]
    before = [day for day in days if day <= today]
    after = [day for day in days if day >= today]
    if not before or not after:
        return next(iter(before or after), None)
    last, following = before[-1], after[0]
    wanted, other = (last, following) if past else (following, last)
    far, close = abs((wanted - today).days), abs((other - today).days)
    return other if far > _FAR and close < (_CLOSE_AHEAD if past else _CLOSE_BEHIND) else wanted


def month_near(today: date, month: int, *, past: bool) -> date:
    """The first day of a month without a year, in the direction of the talk."""
    if past:
        return date(today.year - (month > today.month), month, 1)
    return date(today.year + (month < today.month), month, 1)


def month_end(first: date) -> date:
    """The last day of a month."""
    return shifted(first.replace(day=1), 1, "month") - timedelta(days=1)


def safe_date(year: int, month: int, number: int) -> date | None:
    """A date, or None where the calendar has no such day."""
    try:
        return date(year, month, number)
    except ValueError:
        return None
