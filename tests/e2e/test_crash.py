"""The crash run in short; `make crash` runs more rounds of the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.crash import crash

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]


async def test_what_was_acknowledged_survives_kill_9_once_and_gives_the_memories_of_an_undisturbed_run(tmp_path: Path) -> None:
    """API, owner and child die once each under unary and streaming load."""
    verdict = await crash(tmp_path, rounds=3, seed=3, tell=print)
    assert verdict.is_good, verdict
