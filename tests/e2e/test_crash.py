"""The crash run in short; `make crash` runs more rounds of the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.kafka.brokers import Brokers
from tests.e2e.crash import crash

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]


async def test_what_was_acknowledged_survives_kill_9_once_and_gives_the_memories_of_an_undisturbed_run(tmp_path: Path) -> None:
    """API, owner and child die once each under unary and streaming load."""
    verdict = await crash(tmp_path, rounds=3, seed=3, tell=print)
    assert verdict.is_good, "\n".join([str(verdict.count), *verdict.faults])


async def test_on_kafka_the_same_survives_also_the_death_of_the_broker(tmp_path: Path, brokers: Brokers) -> None:
    """API, worker, child and broker die once each; what is left is what an embedded service makes of the same input, undisturbed."""
    verdict = await crash(tmp_path, rounds=4, seed=1, tell=print, brokers=brokers)
    assert verdict.is_good, "\n".join([str(verdict.count), *verdict.faults])
