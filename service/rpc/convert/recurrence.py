"""How something repeats: from the words of the text to an RFC 5545 recurrence rule."""

from __future__ import annotations

import re

_DAYS = {"mon": "MO", "tue": "TU", "wed": "WE", "thu": "TH", "fri": "FR", "sat": "SA", "sun": "SU"}
_UNITS = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}
_ADVERBS = {"daily": "DAILY", "weekly": "WEEKLY", "monthly": "MONTHLY", "yearly": "YEARLY", "annually": "YEARLY"}
_NUMBERS = {"other": 2, "second": 2, "third": 3, "fourth": 4, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_EVERY = re.compile(r"\b(?:every|each)\s+(?:(other|second|third|fourth|two|three|four|five|six|\d{1,2})\s+)?([a-z]+)")
_WEEKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
_WEEKENDS = "FREQ=WEEKLY;BYDAY=SA,SU"


def recurrence_rule(words: str) -> str:
    """The rule, without `RRULE:`; empty where the words say no rule that the standard can write ("twice a day").

    Args:
        words: as written: "every Tuesday", "every other week", "monthly".
    """
    text = words.casefold()
    adverb = next((rule for word, rule in _ADVERBS.items() if re.search(rf"\b{word}\b", text)), "")
    found = _EVERY.search(text)
    if found is None:
        return f"FREQ={adverb}" if adverb else _of_days(text)
    interval = _NUMBERS.get(found[1] or "") or int(found[1] or 1)
    suffix = f";INTERVAL={interval}" if interval > 1 else ""
    unit = found[2].removesuffix("s") if found[2].removesuffix("s") in _UNITS else found[2]
    if unit in _UNITS:
        return f"FREQ={_UNITS[unit]}{suffix}"
    if unit.startswith("weekday"):
        return _WEEKDAYS
    if unit.startswith("weekend"):
        return _WEEKENDS
    day = _DAYS.get(unit[:3], "") if unit.removesuffix("s").endswith("day") else ""
    return f"FREQ=WEEKLY{suffix};BYDAY={day}" if day else _of_part(unit)


def _of_days(text: str) -> str:
    """Read "on Tuesdays", "mondays and fridays"."""
    days = [_DAYS[found] for found in re.findall(r"\b(mon|tue|wed|thu|fri|sat|sun)[a-z]*days\b", text)]
    return f"FREQ=WEEKLY;BYDAY={','.join(days)}" if days else ""


def _of_part(unit: str) -> str:
    return "FREQ=DAILY" if unit in {"morning", "evening", "night", "afternoon"} else ""
