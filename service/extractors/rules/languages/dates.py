"""Dates of other languages, said in English: their phrases are translated one by one, and the English table does the arithmetic."""

from __future__ import annotations

import re
from datetime import date

from service.extractors.rules.calendar import WEEKDAYS
from service.extractors.rules.dates import When, find_date
from service.extractors.rules.languages.lexicon import DateWords

_DAYS = [name for name in WEEKDAYS if name.endswith("day")]
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_UNITS = ("day", "week", "month", "year")
_NUMERIC = r"\b\d{4}-\d{1,2}-\d{1,2}\b|(?<![\d.,/])\d{1,2}[./]\d{1,2}[./](?:19|20)\d\d\b"
_HALVES = {"tarde": 12, "noche": 12, "noite": 12, "sera": 12}
_NOON = 12


class DatePhrases:
    """The date phrases of one language."""

    def __init__(self, words: DateWords) -> None:
        """Compile what a language tells."""
        self._weekdays = [re.compile(pattern) for pattern in words.weekdays]
        self._months = [re.compile(pattern) for pattern in words.months]
        self._units = [re.compile(pattern) for pattern in words.units]
        self._numbers = words.numbers
        number = r"\d{1,3}|" + "|".join(sorted(map(re.escape, words.numbers), key=len, reverse=True))
        self._kinds = {
            "w": "|".join(words.weekdays),
            "m": "|".join(words.months),
            "u": "|".join(words.units),
            "n": number,
            "d": number,
            "y": r"(?:19|20)\d\d",
        }
        self._rows = [(re.compile(rf"(?<!\w)(?:{self._filled(pattern)})(?!\w)"), english) for pattern, english in words.rows]
        self._clock = re.compile(rf"(?<![\w.,:/])(?:{self._bare(words.clock)})(?![\w])")
        self._recurring = re.compile(rf"(?<!\w)(?:{self._bare(words.recurring)})(?!\w)")
        self._may = re.compile(
            "|".join((*words.weekdays, *words.months, *words.units, r"\d", *(_first_word(row) for row, _ in words.rows)))
        )

    def find(self, text: str, today: date, *, past: bool) -> tuple[When | None, str]:
        """The time said in a lower-case clause, and how often it is.

        Args:
            text: the clause, lower case.
            today: the local day on which it was said.
            past: whether the clause speaks of what was.
        """
        if not self._may.search(text):
            return None, ""
        again = self._recurring.search(text)
        if again:
            text = text[: again.start()] + " " * len(again[0]) + text[again.end() :]
        english = self._english(text)
        return (find_date(english, today, past=past) if english else None), again[0] if again else ""

    def _english(self, text: str) -> str:
        """The date phrases of a text in English, in order, separated by commas."""
        found: list[tuple[int, int, str]] = [(match.start(), match.end(), match[0]) for match in re.finditer(_NUMERIC, text)]
        for pattern, english in self._rows:
            for match in pattern.finditer(text):
                if all(match.end() <= start or match.start() >= end for start, end, _ in found):
                    found.append((match.start(), match.end(), self._said(match, english)))
        if not found:
            return ""
        clock = self._clock.search(text)
        said = ", ".join(english for _, _, english in sorted(found))
        return f"{said}{self._time(clock)}" if clock else said

    def _said(self, match: re.Match[str], english: str) -> str:
        values: dict[str, str] = {}
        for name, value in match.groupdict().items():
            if value is not None:
                values.setdefault(name.rstrip("0123456789"), value)
        ready = {
            "w": self._place(self._weekdays, values.get("w"), _DAYS),
            "m": self._place(self._months, values.get("m"), _MONTHS),
            "u": self._place(self._units, values.get("u"), _UNITS),
            "n": self._number(values.get("n")),
            "d": self._number(values.get("d")),
            "y": values.get("y", ""),
            "mon": _month(values.get("mon", "")),
            "yy": values.get("yy", ""),
        }
        return _ordinal(english.format(**ready)).strip()

    def _number(self, word: str | None) -> str:
        if word is None:
            return ""
        return word if word.isdigit() else str(self._numbers[word])

    @staticmethod
    def _place(patterns: list[re.Pattern[str]], word: str | None, names: tuple[str, ...] | list[str]) -> str:
        if word is None:
            return ""
        return next((name for pattern, name in zip(patterns, names, strict=True) if pattern.fullmatch(word)), "")

    def _time(self, match: re.Match[str]) -> str:
        groups = match.groupdict()
        hour_text = groups.get("h") or groups.get("h2") or ""
        hour = int(self._number(hour_text))
        minute = int(groups.get("min") or groups.get("min2") or (30 if re.search(r"medi|mezza|meia", match[0]) else 0))
        if hour < _NOON:
            hour += _HALVES.get(groups.get("half") or "", 0)
        return f" at {hour:02}:{minute:02}" if hour < 24 else ""

    def _filled(self, pattern: str) -> str:
        """A row with a group for each placeholder; groups of one kind are numbered, since a pattern has each name once."""
        counts = dict.fromkeys(self._kinds, 0)

        def group(match: re.Match[str]) -> str:
            counts[match[1]] += 1
            return f"(?P<{match[1]}{counts[match[1]]}>{self._kinds[match[1]]})"

        return re.sub(r"\{([wmnudy])\}", group, pattern)

    def _bare(self, pattern: str) -> str:
        return re.sub(r"\{([wmnudy])\}", lambda match: f"(?:{self._kinds[match[1]]})", pattern)


def _month(number: str) -> str:
    return _MONTHS[int(number) - 1] if number and 1 <= int(number) <= len(_MONTHS) else ""


def _first_word(row: str) -> str:
    """A cheap trigger of a row that has no placeholder."""
    return r"(?!)" if "{" in row else f"(?:{row})"


def _ordinal(english: str) -> str:
    """The endings of the English table: "the 1th" is "the 1st"."""

    def ending(match: re.Match[str]) -> str:
        number = int(match[1])
        return f"{number}" + ("th" if number in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th"))

    return re.sub(r"\b(\d{1,2})th\b", ending, english)
