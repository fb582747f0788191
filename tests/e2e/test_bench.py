"""The benches of a deployment of several processes work. What they measure is a matter of a quiet machine, and not of this."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from tests.bench import run
from tests.bench.scenarios import CLUSTER

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]


def test_every_scenario_of_a_cluster_comes_to_a_figure() -> None:
    """Each runs in its short form: nothing acknowledged is missing, no answer is empty."""
    done = CliRunner().invoke(run.main, ["--cluster", "--quick"])

    assert done.exit_code == 0, done.output
    assert [name for name in CLUSTER if f"{name}: " not in done.output] == []
