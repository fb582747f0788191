"""When a turn of a transcript was said, from its time stamp and the date lines between the sessions.

Only dates that can be read in one way count (ISO, or with the month's name); a clock time alone belongs to the date line
above it. Everything else was said when the source says.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from service.domain.source import Source
from service.domain.zones import MONTHS, zone

_MONTH = "|".join(MONTHS)
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DAY_FIRST = re.compile(rf"(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH}),? (\d{{4}})", re.IGNORECASE)
_MONTH_FIRST = re.compile(rf"({_MONTH}) (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})(?:[:.]\d{2})?(?: ?([ap])\.?m)?", re.IGNORECASE)
_DATE_WORDS = re.compile(
    r"(?:date|session|day|on|at|am|pm|mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?|\d{1,2}[:.]\d{2}",
    re.IGNORECASE,
)
_LONGEST = 60


def date_line(text: str) -> tuple[int, int, int] | None:
    """Year, month and day of a line that holds a date and nothing else."""
    line = text.strip()
    if not 6 <= len(line) <= _LONGEST:
        return None
    for pattern in (_ISO, _DAY_FIRST, _MONTH_FIRST):
        match = pattern.search(line)
        if match:
            rest = _DATE_WORDS.sub("", line[: match.start()] + line[match.end() :])
            return None if re.search(r"\w{2}", rest) else _date(match, pattern)
    return None


def _date(match: re.Match[str], pattern: re.Pattern[str]) -> tuple[int, int, int] | None:
    first, second, third = match.groups()
    if pattern is _ISO:
        date = int(first), int(second), int(third)
    elif pattern is _DAY_FIRST:
        date = int(third), _month(second), int(first)
    else:
        date = int(third), _month(first), int(second)
    try:
        datetime(*date, tzinfo=UTC)
    except ValueError:
        return None
    return date


def _month(name: str) -> int:
    return MONTHS.index(name.capitalize()) + 1


def said_time(source: Source, stamp: str, day: tuple[int, int, int] | None) -> datetime:
    """When a turn was said: its own date or the date line above it, with the stamp's clock time; else the source's time.

    A day without a time is taken at noon, and a day after the source itself is not believed.
    """
    iso = _ISO.match(stamp)
    day = _date(iso, _ISO) if iso else day
    if day is None:
        return source.said_time
    hour, minute = _clock(stamp[iso.end() :] if iso else stamp) or (12, 0)
    moment = datetime(*day, hour, minute, tzinfo=zone(source.time_zone))
    try:
        moment = moment.astimezone(UTC)
        believable = moment <= source.said_time + timedelta(days=1)
    except OverflowError:
        return source.said_time
    return moment if believable else source.said_time


def _clock(text: str) -> tuple[int, int] | None:
    match = _CLOCK.search(text)
    if not match:
        return None
    hour, minute, half = int(match[1]), int(match[2]), (match[3] or "").lower()
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    return (hour, minute) if hour < 24 and minute < 60 else None
