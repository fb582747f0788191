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
        ("every Tuesday and Thursday", "FREQ=WEEKLY;BYDAY=TU,TH"),
        ("every other Monday, Wednesday and Saturday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,SA"),
        ("every tuesday evening", "FREQ=WEEKLY;BYDAY=TU"),
        ("the first Friday of every month", "FREQ=MONTHLY;BYDAY=1FR"),
        ("last sunday of the month", "FREQ=MONTHLY;BYDAY=-1SU"),
        ("Monday to Friday", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("from saturdays to mondays", "FREQ=WEEKLY;BYDAY=SA,SU,MO"),
        ("weekdays", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("at weekends", "FREQ=WEEKLY;BYDAY=SA,SU"),
        ("fortnightly", "FREQ=WEEKLY;INTERVAL=2"),
        ("every month", "FREQ=MONTHLY"),
        ("every monsoon", ""),
        ("twice a day", ""),
        ("every blue moon", ""),
        ("every 0 days", "FREQ=DAILY"),
        ("", ""),
    ],
)
def test_rules(words: str, rule: str) -> None:
    """What the standard can write is written, the rest is left out."""
    assert rule == recurrence_rule(words)
