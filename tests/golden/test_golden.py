"""What the rules read out of plain English, case by case."""

from __future__ import annotations

from typing import Any

import pytest

from service.domain.kinds import MemoryType
from tests.golden.cases_of import load, run_case

_CASES = load()


@pytest.mark.parametrize(("name", "case"), _CASES, ids=[name for name, _ in _CASES])
def test_golden_case(name: str, case: dict[str, Any]) -> None:
    """A text gives exactly the observations written beside it."""
    assert run_case(case) == case["observations"], name


def test_every_type_of_memory_has_cases() -> None:
    """A type without a case is a type that nobody looked at."""
    seen = {observation["type"] for _, case in _CASES for observation in case["observations"]}
    assert seen == {kind.value for kind in MemoryType}
