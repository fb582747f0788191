"""Dates in a clause: found by a table of phrases, resolved against the day it was said on the speaker's calendar.

The first row that matches wins, so rows go from the exact to the vague. Two readings are possible for bare weekdays and
days without a year; the caller says whether the clause speaks of the past.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from service.domain.kinds import Precision
from service.extractors.rules import calendar
from service.extractors.rules.calendar import MONTH_NUMBERS, WEEKDAYS


@dataclass(frozen=True, slots=True)
class When:
    """A time said in a clause, on the local calendar."""

    start: date
    precision: Precision
    phrase: str
    """As written."""
    end: date | None = None
    clock: time | None = None

    def at(self, clock: time | None) -> When:
        """The same with a time of day, where the day is known."""
        return replace(self, clock=clock, precision=Precision.MINUTE) if clock and self.precision is Precision.DAY else self


@dataclass(frozen=True, slots=True)
class _Today:
    day: date
    past: bool


_FIRST_YEAR, _LAST_YEAR = 1800, 2200
"""Years that talk is about; others are numbers that look like dates."""

_Match = re.Match[str]
_Resolver = Callable[[_Match, _Today], When | None]

_NUMBERS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
        " eighteen nineteen twenty".split()
    )
} | {"a": 1, "an": 1, "a couple of": 2, "couple of": 2, "a few": 3, "few": 3}
_ORDINALS = {
    word: number
    for number, word in enumerate(
        "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth"
        " fifteenth sixteenth seventeenth eighteenth nineteenth twentieth".split()
    )
} | {f"twenty{dash}{word}": 20 + number for number, word in enumerate(
    "first second third fourth fifth sixth seventh eighth ninth".split(), 1) for dash in (" ", "-")
} | {"thirtieth": 30, "thirty first": 31, "thirty-first": 31}  # fmt: skip

_MONTH = "|".join(sorted((name for name in MONTH_NUMBERS), key=len, reverse=True))
_DAY = "|".join(sorted(WEEKDAYS, key=len, reverse=True))
_FULL_DAY = "|".join(name for name in WEEKDAYS if name.endswith("day"))
_COUNT = r"\d{1,3}|" + "|".join(sorted((word for word in _NUMBERS if word != "zero"), key=len, reverse=True))
_NTH_WORDS = "|".join(sorted((word for word in _ORDINALS if word != "zeroth"), key=len, reverse=True))
_NTH = rf"\d{{1,2}}(?:st|nd|rd|th)|{_NTH_WORDS}"
_NTH_ALONE = rf"\d{{1,2}}(?:st|nd|rd|th)|(?:{_NTH_WORDS})(?=$|[,.;]| (?:at|of|it|in|for|and|no|so|to|from)\b)"
"""An ordinal in words is a day of the month only where no noun follows: not in "the second floor"."""
_PART = r"(?: (?:morning|afternoon|evening|night|lunchtime))?"
_NUMBER = r"\d{1,2}(?:st|nd|rd|th)?"
_UNIT = r"(?P<unit>day|week|month|year|fortnight)s?"

MAY_HAVE_DATE = frozenset(
    {
        *WEEKDAYS,
        *MONTH_NUMBERS,
        "today",
        "tonight",
        "tomorrow",
        "tmrw",
        "tmr",
        "tomoz",
        "yesterday",
        "week",
        "weeks",
        "month",
        "months",
    }
    | {
        "year",
        "years",
        "day",
        "days",
        "fortnight",
        "weekend",
        "christmas",
        "ago",
        "night",
        "morning",
        "evening",
        "afternoon",
        "easter",
    }
    | {f"{number}{suffix}" for number in range(1, 32) for suffix in ("st", "nd", "rd", "th")}
    | {word for word in _ORDINALS if " " not in word and "-" not in word}
)
"""Words without which, and without a number of four digits or with separators, a clause has no date."""

_NUMERIC = re.compile(r"\d[/.-]\d|\b(?:19|20)\d\d\b")


def may_have_date(words: frozenset[str], text: str) -> bool:
    """A cheap test before the table is tried."""
    return not MAY_HAVE_DATE.isdisjoint(words) or bool(_NUMERIC.search(text))


def find_date(text: str, today: date, *, past: bool) -> When | None:
    """The time said in a lower-case clause, or None.

    Args:
        text: the clause, lower case.
        today: the local day on which it was said.
        past: whether the clause speaks of what was.
    """
    context = _Today(today, past)
    for pattern, resolve in _PHRASES:
        match = pattern.search(text)
        if match:
            found = _resolved(resolve, match, context)
            if found:
                return found.at(clock_time(text))
    return None


def _resolved(resolve: _Resolver, match: _Match, context: _Today) -> When | None:
    try:
        found = resolve(match, context)
    except (OverflowError, ValueError):  # beyond the years of the calendar
        return None
    return found if found and _FIRST_YEAR <= found.start.year <= _LAST_YEAR else None


_CLOCK = re.compile(
    r"(?:\b(?:at|by|around|from|after|before|@) )?(?<![\d.,:/])(?P<hour>[01]?\d|2[0-3])(?:(?P<sep>[:.])(?P<minute>[0-5]\d))?"
    r" ?(?P<half>[ap]\.?m\b\.?)?(?![\d%/]|[.,:]\d)"
)
_CLOCK_WORD = re.compile(
    r"\b(?:at|by) (?P<word>noon|midday|midnight|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b"
)


def clock_time(text: str) -> time | None:
    """The time of day in a clause: with am or pm, with minutes, or a bare hour after "at"."""
    for match in _CLOCK.finditer(text):
        hour, minute, half = int(match["hour"]), int(match["minute"] or 0), match["half"] or ""
        if half and 1 <= hour <= 12:
            return time(hour % 12 + (12 if half[0] == "p" else 0), minute)
        if match["sep"] == ":" or (match[0].startswith(("at ", "@ ")) and hour < 24):
            return time(hour, minute)
    word = _CLOCK_WORD.search(text)
    if not word:
        return None
    return time({"noon": 12, "midday": 12, "midnight": 0}.get(word["word"]) or _NUMBERS.get(word["word"], 0))


def _day(day: date | None, match: _Match, end: date | None = None) -> When | None:
    return When(day, Precision.DAY, match[0], end) if day else None


def _count(text: str) -> int:
    return int(text) if text.isdigit() else _NUMBERS[text]


def _nth(text: str) -> int:
    return _ORDINALS[text] if text in _ORDINALS else int(text.rstrip("stndrh"))


def _iso(match: _Match, _: _Today) -> When | None:
    return _day(calendar.safe_date(int(match["y"]), int(match["m"]), int(match["d"])), match)


def _numeric(match: _Match, today: _Today) -> When | None:
    first, second = int(match["a"]), int(match["b"])
    if match["sep"] == "/" and first <= 12 and second <= 12 and first != second:
        return None  # read differently in different countries
    day, month = (second, first) if second > 12 else (first, second)
    if not match["y"]:
        return _day(calendar.day_and_month(today.day, day, month, past=today.past), match)
    year = int(match["y"])
    return _day(calendar.safe_date(year + 2000 if year < 100 else year, month, day), match)


def _named(match: _Match, today: _Today) -> When | None:
    day, month = _nth(match["d"]), MONTH_NUMBERS[match["m"]]
    end_text = match.groupdict().get("e")
    nearest = calendar.day_and_month(today.day, day, month, past=today.past)
    start = calendar.safe_date(int(match["y"]), month, day) if match["y"] else nearest
    end = calendar.safe_date(start.year, month, _nth(end_text)) if start and end_text else None
    return _day(start, match, end)


def _nth_range(match: _Match, today: _Today) -> When | None:
    start = calendar.day_of_month(today.day, _nth(match["d"]), past=today.past)
    end = calendar.day_of_month(start, _nth(match["e"]), past=False) if start else None
    return _day(start, match, end)


def _nth_day(match: _Match, today: _Today) -> When | None:
    return _day(calendar.day_of_month(today.day, _nth(match["d"]), past=today.past), match)


def _near(days: int) -> _Resolver:
    return lambda match, today: _day(today.day + timedelta(days=days), match)


def _near_until(match: _Match, today: _Today) -> When | None:
    return _day(today.day + timedelta(days=1), match, calendar.weekday(today.day, WEEKDAYS[match["w"]], past=False))


def _ahead(match: _Match, today: _Today) -> When | None:
    return _distance(match, today, 1)


def _back(match: _Match, today: _Today) -> When | None:
    return _distance(match, today, -1)


def _distance(match: _Match, today: _Today, sign: int) -> When | None:
    count, unit = _count(match["n"]), match["unit"]
    if unit == "fortnight":
        count, unit = count * 2, "week"
    day = calendar.shifted(today.day, sign * count, unit)
    if unit == "year":
        return When(day.replace(month=1, day=1), Precision.YEAR, match[0])
    if unit == "month" and "today" not in match[0]:
        return When(day.replace(day=1), Precision.MONTH, match[0])
    return _day(day, match)


def _weekday_of_week(match: _Match, today: _Today) -> When | None:
    groups = match.groupdict()
    weeks = {"next": 1, "this": 0, "last": -1}[groups["q"]]
    number = WEEKDAYS[groups["w"]]
    if weeks == -1 and "week" not in match[0]:
        return _day(calendar.weekday(today.day, number, past=True), match)
    if weeks == 0 and "week" not in match[0]:
        return _day(calendar.weekday_of_week(today.day, number, 0), match)
    return _day(calendar.weekday_of_week(today.day, number, weeks), match)


def _weekday(match: _Match, today: _Today) -> When | None:
    past = today.past and not match[0].startswith(("until", "till", "by"))
    return _day(calendar.weekday(today.day, WEEKDAYS[match["w"]], past=past), match)


def _weekend(match: _Match, today: _Today) -> When | None:
    weeks = {"next": 1, "last": -1, "the": 0, "this": 0, "over": 0, "past": -1}[match["q"].split()[0]]
    if weeks == -1 and today.day.weekday() == 6:
        weeks = -1
    saturday = calendar.weekday_of_week(today.day, 5, weeks)
    if weeks == 0 and today.past and saturday > today.day:
        saturday -= timedelta(weeks=1)
    return _day(saturday, match, saturday + timedelta(days=1))


def _period(match: _Match, today: _Today) -> When | None:
    step = {"next": 1, "this": 0, "last": -1, "past": -1, "coming": 1}[match["q"]]
    unit = match["unit"]
    if unit == "week":
        start = calendar.weekday_of_week(today.day, 0, step)
        return When(start, Precision.WEEK, match[0], start + timedelta(days=6))
    if unit == "month":
        return When(calendar.shifted(today.day.replace(day=1), step, "month"), Precision.MONTH, match[0])
    return When(date(today.day.year + step, 1, 1), Precision.YEAR, match[0])


def _end_of_period(match: _Match, today: _Today) -> When | None:
    step = 1 if match["q"] == "next" else 0
    if match["unit"] == "week":
        return _day(calendar.weekday_of_week(today.day, 4, step), match)
    if match["unit"] == "month":
        return _day(calendar.month_end(calendar.shifted(today.day.replace(day=1), step, "month")), match)
    return _day(date(today.day.year + step, 12, 31), match)


def _end_of_month(match: _Match, today: _Today) -> When | None:
    first = calendar.month_near(today.day, MONTH_NUMBERS[match["m"]], past=today.past)
    if match["y"]:
        first = first.replace(year=int(match["y"]))
    return _day(calendar.month_end(first), match)


def _month(match: _Match, today: _Today) -> When | None:
    number, qualifier = MONTH_NUMBERS[match["m"]], match["q"]
    if match["y"]:
        return When(date(int(match["y"]), number, 1), Precision.MONTH, match[0])
    if qualifier == "this":
        return When(date(today.day.year, number, 1), Precision.MONTH, match[0])
    past = today.past or qualifier in {"last", "since"}
    first = calendar.month_near(today.day, number, past=past)
    if qualifier == "last" and (first.year, first.month) == (today.day.year, today.day.month):
        first = first.replace(year=first.year - 1)
    return When(first, Precision.MONTH, match[0])


def _year(match: _Match, _: _Today) -> When | None:
    return When(date(int(match["y"]), 1, 1), Precision.YEAR, match[0])


def _feast(match: _Match, today: _Today) -> When | None:
    month, number = {"christmas": (12, 25), "new year": (1, 1), "halloween": (10, 31), "valentine": (2, 14)}[match["f"]]
    return _day(calendar.day_and_month(today.day, number, month, past=today.past), match)


_Y = r"(?:,? (?P<y>(?:19|20)\d\d)\b)?"
_BY = r"(?:on |by |until |till |before |from |for |the )*"

_PHRASES: tuple[tuple[re.Pattern[str], _Resolver], ...] = tuple(
    (re.compile(pattern), resolve)
    for pattern, resolve in (
        (r"\b(?P<y>(?:19|20)\d\d)-(?P<m>\d\d?)-(?P<d>\d\d?)\b", _iso),
        (r"(?<![\d.,/])(?P<a>\d\d?)(?P<sep>[./])(?P<b>\d\d?)(?P=sep)(?P<y>(?:19|20)?\d\d)\b(?![.,/]\d)", _numeric),
        (rf"\b(?:the )?(?P<d>{_NUMBER})(?: ?(?:-|–|to|until|till) ?(?:the )?(?P<e>{_NUMBER}))(?: of)? (?P<m>{_MONTH})\b{_Y}", _named),
        (rf"\b(?P<d>\d{{1,2}}|{_NTH})(?: of)? (?P<m>{_MONTH})\b\.?{_Y}", _named),
        (rf"\b(?P<m>{_MONTH})\.? (?:the )?(?P<d>\d{{1,2}}(?:st|nd|rd|th)?|{_NTH_WORDS})\b(?! ?(?:%|[ap]m\b)){_Y}", _named),
        (rf"\b(?:end|close) of (?:the )?(?P<m>{_MONTH})\b{_Y}", _end_of_month),
        (rf"\b(?:from )?the (?P<d>{_NTH}) (?:to|until|till|through) (?:the )?(?P<e>{_NTH})\b", _nth_range),
        (rf"\b(?:{_DAY}),? (?:the )?(?P<d>{_NTH_ALONE})(?!\w)", _nth_day),
        (
            rf"(?<![\d.,/])(?:{_DAY}),? (?P<a>\d\d?)(?P<sep>[/.])(?P<b>\d\d?)(?P<y>(?!))?(?![\d/])",
            _numeric,
        ),
        (r"\bday after tomorrow\b", _near(2)),
        (r"\bday before yesterday\b", _near(-2)),
        (rf"\bfrom tomorrow (?:until|till|to) (?P<w>{_DAY})\b", _near_until),
        (rf"\b(?P<n>{_COUNT}) {_UNIT} (?:from )?(?:today|from now)\b", _ahead),
        (rf"\b(?:in|within) (?:about |around |like |just )?(?P<n>{_COUNT}) {_UNIT}(?:'s)?(?: time)?\b(?! ago)", _ahead),
        (rf"\b(?P<n>{_COUNT}) {_UNIT} (?:ago|back)\b", _back),
        (rf"\b(?P<w>{_DAY}){_PART}(?: of)? (?P<q>next|this|last) week\b", _weekday_of_week),
        (rf"\b(?P<q>next|this|last) week(?: on)? (?P<w>{_DAY})\b", _weekday_of_week),
        (rf"\b(?P<q>next|this|last) (?P<w>{_DAY})\b", _weekday_of_week),
        (r"\b(?:tomorrow|tmrw|tmr|tomoz)\b", _near(1)),
        (r"\b(?:yesterday|last night)\b", _near(-1)),
        (r"\bend of (?:the |this )?(?P<q>next )?(?P<unit>week|month|year)\b".replace("(?P<q>next )", "(?:(?P<q>next) )"), _end_of_period),
        (r"\b(?P<q>next|this|last|the|over the|past) weekend\b", _weekend),
        (rf"(?<!a )(?<!my )(?<!our )\b(?:the (?P<d>{_NTH_ALONE}))(?! (?:one|time|of every|of each|floor|grade|edition|\w+ of))", _nth_day),
        (rf"\b{_BY}(?P<w>{_FULL_DAY})\b(?!s\b)", _weekday),
        (rf"\b(?:on|by|until|till|before|from) (?P<w>{_DAY})\b", _weekday),
        (rf"\b(?P<w>{_DAY}) (?:at )?(?=\d)", _weekday),
        (r"\b(?:today|tonight|this morning|this afternoon|this evening)\b", _near(0)),
        (r"\b(?:at |for |over |before |on )(?P<f>christmas|new year|halloween|valentine)", _feast),
        (r"\b(?P<q>next|this|last|past|coming) (?P<unit>week|month|year)\b", _period),
        (rf"\b(?P<q>in|since|last|next|this|from|until|by|of|around|early|mid|late|during|for)(?: like| early| mid| late)? (?P<m>{_MONTH})\b{_Y}", _month),
        (rf"\b(?P<q>)(?P<m>{_MONTH}) (?P<y>(?:19|20)\d\d)\b", _month),
        (r"\b(?:in|since|from|until|back in|of|around|during) (?P<y>(?:19|20)\d\d)\b(?![-/.]\d)", _year),
    )
)  # fmt: skip
"""Phrase and resolver, the exact before the vague."""

_RECURRENCE = re.compile(
    rf"\b(?:every|each) (?:other |second |single )?(?:day|week|weekend|month|year|morning|evening|night|weekday|(?:{_DAY})|{_NTH})"
    rf"(?:(?:,| and|, and| or) (?:{_DAY})\b){{0,5}}(?: (?:morning|afternoon|evening|night|lunchtime)s?)?\b"
    rf"|\b(?:from )?(?:{_FULL_DAY})s? (?:to|through|till|until|-|–) (?:{_FULL_DAY})s?\b(?! \d)|\b(?:on )?(?:{_FULL_DAY})s\b(?:(?:,| and) "
    rf"(?:{_FULL_DAY})s\b){{0,3}}"
    rf"|\b(?:daily|weekly|monthly|yearly|annually|fortnightly)\b"
    rf"|\b(?:once|twice|three times|\d+ times) (?:a|per) (?:day|week|month|year)\b"
    rf"|\b(?:the )?(?:first|second|third|fourth|last) (?:{_DAY}) (?:of|in) (?:every|each|the) month\b"
    r"|\b(?:on )?weekdays\b|\b(?:on |at )?weekends\b"
)


def find_recurrence(text: str) -> str:
    """How often, as written in a lower-case clause: "every Tuesday", "twice a day"; nothing for once."""
    match = _RECURRENCE.search(text)
    return match[0].removeprefix("on ") if match else ""


def local_moment(when: When, said: datetime) -> datetime:
    """The beginning of a time as an aware moment on the clock of `said`."""
    return datetime.combine(when.start, when.clock or time(0), tzinfo=said.tzinfo)
