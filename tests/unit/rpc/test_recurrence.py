"""Words of repetition as RFC 5545 rules."""

from __future__ import annotations

import pytest

from service.rpc.convert.recurrence import recurrence_rule


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("every Tuesday", "FREQ=WEEKLY;BYDAY=TU"),
        ("every other Friday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR"),
        ("each week", "FREQ=WEEKLY"),
        ("every two weeks", "FREQ=WEEKLY;INTERVAL=2"),
        ("every 3 months", "FREQ=MONTHLY;INTERVAL=3"),
        ("every day", "FREQ=DAILY"),
        ("every morning", "FREQ=DAILY"),
        ("every weekday", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("every weekend", "FREQ=WEEKLY;BYDAY=SA,SU"),
        ("on Mondays and Thursdays", "FREQ=WEEKLY;BYDAY=MO,TH"),
        ("yearly", "FREQ=YEARLY"),
        ("monthly", "FREQ=MONTHLY"),
        ("twice a day", ""),
        ("every blue moon", ""),
        ("every 0 days", "FREQ=DAILY"),
        ("", ""),
    ],
)
def test_rules(words: str, rule: str) -> None:
    """What the standard can write is written, the rest is left out."""
    assert rule == recurrence_rule(words)
