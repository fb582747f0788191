"""The benches of a deployment work. What they measure is a matter of a quiet machine, and not of this."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from tests.bench import run
from tests.bench.scenarios import CLUSTER

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]


SHORT = ["cluster_fetch_warm", "cluster_fetch_cold"]
"""Those that need neither Kafka nor workers; the others take minutes to start, and run in `make test-long`."""


def test_scenarios_of_a_cluster_come_to_a_figure() -> None:
    """Each runs in its short form: nothing acknowledged is missing, no answer is empty."""
    assert set(SHORT) <= CLUSTER.keys()
    done = CliRunner().invoke(run.main, [*SHORT, "--quick"])

    assert done.exit_code == 0, done.output
    assert [name for name in SHORT if f"{name}: " not in done.output] == []
