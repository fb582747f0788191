"""Which language a turn is in, and dates in five of them."""

from __future__ import annotations

from datetime import date

import pytest

from service.extractors.rules.around import words_of
from service.extractors.rules.languages.dates import DatePhrases
from service.extractors.rules.languages.detect import language_of
from service.extractors.rules.languages.reader import LEXICONS

WEDNESDAY = date(2025, 3, 12)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I live in Porto.", "en"),
        ("ok thanks", "en"),
        ("no problem, on my way", "en"),
        ("Pizza con la Mamma was the best restaurant of our trip to Rome", "en"),
        ("vivo en Lugo", "es"),
        ("hoy no puedo, me duele la cabeza", "es"),
        ("j'habite à Pau depuis un an", "fr"),
        ("ich wohne in Ulm", "de"),
        ("moro em Natal com o meu irmão", "pt"),
        ("abito a Bari con mia sorella", "it"),
        ("ik woon in Gent met mijn zus", ""),
        ("mieszkam w Gdyni i nie mam psa", ""),
        ("jag bor i Lund och har en katt", ""),
        ("我住在成都", ""),
        ("живу в Твери", ""),
        ("", "en"),
    ],
)
def test_language_of_a_turn(text: str, language: str) -> None:
    """Small words decide; what is not read is nothing, not a guess."""
    assert language_of(text, words_of(text)) == language


@pytest.mark.parametrize(
    ("language", "text", "day"),
    [
        ("es", "pasado mañana", date(2025, 3, 14)),
        ("es", "el próximo lunes", date(2025, 3, 17)),
        ("es", "el 3 de mayo", date(2025, 5, 3)),
        ("es", "hace tres días", date(2025, 3, 9)),
        ("es", "el quince de julio de 2026", date(2026, 7, 15)),
        ("es", "por la mañana", None),
        ("fr", "après-demain", date(2025, 3, 14)),
        ("fr", "samedi à 15h", date(2025, 3, 15)),
        ("fr", "le 1er mai", date(2025, 5, 1)),
        ("fr", "dans deux semaines", date(2025, 3, 26)),
        ("fr", "la semaine prochaine", date(2025, 3, 17)),
        ("fr", "mon chat", None),
        ("de", "übermorgen", date(2025, 3, 14)),
        ("de", "am 18.11.2025", date(2025, 11, 18)),
        ("de", "am 3. mai", date(2025, 5, 3)),
        ("de", "am freitag um 9 uhr", date(2025, 3, 14)),
        ("de", "in drei wochen", date(2025, 4, 2)),
        ("de", "jeden montag", None),
        ("pt", "na sexta", date(2025, 3, 14)),
        ("pt", "dia 20 às 15h", date(2025, 3, 20)),
        ("pt", "daqui a dois dias", date(2025, 3, 14)),
        ("pt", "sexta vez", None),
        ("it", "dopodomani", date(2025, 3, 14)),
        ("it", "venerdì alle 9", date(2025, 3, 14)),
        ("it", "il 3 maggio", date(2025, 5, 3)),
        ("it", "tra due settimane", date(2025, 3, 26)),
        ("it", "ogni lunedì", None),
    ],
)
def test_dates_of_a_language(language: str, text: str, day: date | None) -> None:
    """Relative to the day on which it is said; what comes again and again, and parts of the day, are no dates."""
    when, _ = DatePhrases(LEXICONS[language].dates).find(text, WEDNESDAY, past=False)
    assert (when.start if when else None) == day


def test_a_weekday_of_the_past_lies_behind() -> None:
    """The caller says in which direction the clause speaks."""
    when, _ = DatePhrases(LEXICONS["de"].dates).find("am freitag", WEDNESDAY, past=True)
    assert when is not None
    assert when.start == date(2025, 3, 7)


def test_a_time_of_day() -> None:
    """Half hours and halves of the day are understood."""
    when, _ = DatePhrases(LEXICONS["es"].dates).find("mañana a las ocho y media de la noche", WEDNESDAY, past=False)
    assert when is not None
    assert when.clock is not None
    assert when.clock.isoformat() == "20:30:00"
