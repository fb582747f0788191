"""A speaker's local calendar: time zones as callers write them, and dates as people read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
"""Names independent of the machine's locale."""


@lru_cache(maxsize=1024)
def zone(name: str) -> tzinfo:
    """The time zone of an IANA name or ±HH:MM; UTC for the empty string and for what is neither."""
    offset = _OFFSET.fullmatch(name)
    if offset:
        sign = -1 if offset[1] == "-" else 1
        minutes = int(offset[2]) * 60 + int(offset[3])
        return timezone(sign * timedelta(minutes=minutes)) if minutes < 24 * 60 else UTC
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def local_time(said_time: datetime, time_zone: str) -> datetime:
    """The same instant on the speaker's own clock."""
    try:
        return said_time.astimezone(zone(time_zone))
    except OverflowError:  # the first and last day of the calendar
        return said_time


def date_words(moment: datetime) -> str:
    """The day as text: "8 May 2023"."""
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"
