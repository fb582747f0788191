"""How something repeats: from the words of the text to an RFC 5545 recurrence rule."""

from __future__ import annotations

import re
from collections.abc import Sequence

_DAYS = {"mon": "MO", "tue": "TU", "wed": "WE", "thu": "TH", "fri": "FR", "sat": "SA", "sun": "SU"}
_UNITS = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}
_PARTS = frozenset({"morning", "evening", "night", "afternoon"})
_ADVERBS = {
    "daily": "DAILY",
    "weekly": "WEEKLY",
    "fortnightly": "WEEKLY;INTERVAL=2",
    "monthly": "MONTHLY",
    "yearly": "YEARLY",
    "annually": "YEARLY",
}
_NUMBERS = {"other": 2, "second": 2, "third": 3, "fourth": 4, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_PLACES = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_DAY = r"(mon|tue|wed|thu|fri|sat|sun)(?:s|day|sday|nesday|rsday|urday)?s?"
_EACH_DAY = re.compile(rf"\b{_DAY}\b")
_EVERY = re.compile(r"\b(?:every|each)\s+(?:(other|second|third|fourth|two|three|four|five|six|\d{1,2})\s+)?([a-z]+)")
_OF_A_MONTH = re.compile(rf"\b({'|'.join(_PLACES)})\s+{_DAY}\s+(?:of|in)\s+(?:every|each|the)\s+month\b")
_FROM_TO = re.compile(rf"\b{_DAY}\s*(?:to|through|till|until|-|–)\s*{_DAY}\b")
_PLURAL_DAY = re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days\b")
_PLURALS = {"weekdays": ("MO", "TU", "WE", "TH", "FR"), "weekends": ("SA", "SU")}


def recurrence_rule(words: str) -> str:
    """The rule, without `RRULE:`; empty where the words say no rule that the standard can write ("twice a day").

    Args:
        words: as written: "every Tuesday and Thursday", "every other week", "the first Friday of every month", "monthly".
    """
    text = words.casefold()
    if place := _OF_A_MONTH.search(text):
        return f"FREQ=MONTHLY;BYDAY={_PLACES[place[1]]}{_DAYS[place[2]]}"
    if ends := _FROM_TO.search(text):
        return _weekly(_between(_DAYS[ends[1]], _DAYS[ends[2]]))
    if every := _EVERY.search(text):
        return _every(text, every[2], _NUMBERS.get(every[1] or "") or int(every[1] or 1))
    if adverb := next((rule for word, rule in _ADVERBS.items() if re.search(rf"\b{word}\b", text)), ""):
        return f"FREQ={adverb}"
    return _weekly(_of_days(text))


def _every(text: str, unit: str, interval: int) -> str:
    suffix = f";INTERVAL={interval}" if interval > 1 else ""
    single = unit.removesuffix("s")
    if single in _UNITS:
        return f"FREQ={_UNITS[single]}{suffix}"
    if f"{single}s" in _PLURALS:
        return _weekly(_PLURALS[f"{single}s"])
    if single in _PARTS:
        return "FREQ=DAILY"
    return _weekly(_named(text), suffix) if _EACH_DAY.fullmatch(unit) else ""


def _weekly(days: Sequence[str], suffix: str = "") -> str:
    return f"FREQ=WEEKLY{suffix};BYDAY={','.join(days)}" if days else ""


def _named(text: str) -> list[str]:
    return [_DAYS[name] for name in _EACH_DAY.findall(text)]


def _of_days(text: str) -> Sequence[str]:
    """Read "on Tuesdays", "mondays and fridays", "weekdays"."""
    plural = next((days for word, days in _PLURALS.items() if re.search(rf"\b{word}\b", text)), ())
    return plural or (_named(text) if _PLURAL_DAY.search(text) else ())


def _between(first: str, last: str) -> list[str]:
    days = [*_DAYS.values()]
    begin, length = days.index(first), (days.index(last) - days.index(first)) % 7 + 1
    return (days * 2)[begin : begin + length]
