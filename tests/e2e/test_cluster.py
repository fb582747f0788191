"""A whole deployment as `make cluster-up` starts it: it comes up, is repeated, repaired and taken down; and faults of it under load, shortened."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.cluster import PORTS, Cluster, run, settle_plan
from deploy.daemon import DeployError, free_port
from eunoe_client import Eunoe
from tests.e2e.fault import FaultyCluster, open_directory, run_row, running_cluster

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

OUTAGE_SECONDS = 8.0
PATIENCE = 2.0
"""On a machine that does other things too."""


def _pids(cluster: Cluster) -> dict[str, int | None]:
    return {name: process.pid for name, process, _, _ in cluster.parts}


def _bury(*clusters: Cluster) -> None:
    """Take notice that what this process started is gone."""
    for cluster in clusters:
        assert all(process.has_ended for _, process, _, _ in cluster.parts)


async def _use(environment: dict[str, str]) -> str:
    """What a client finds after it recorded a turn."""
    async with Eunoe(environment["EUNOE_API_KEY"], environment["EUNOE_ADDRESS"]) as sdk:
        said = await sdk.conversation.record_message("talk", "user", "My sister Ana lives in Porto.", "u", "c")
        context = await sdk.conversation.context.fetch("talk", search_query="Where does Ana live?", min_position=said.position)
        return " ".join(item.content for item in context.ranked)


def _environment(cluster: Cluster) -> dict[str, str]:
    assert cluster.environment_file.stat().st_mode & 0o777 == 0o600
    lines = cluster.environment_file.read_text().splitlines()
    return dict(line.removeprefix("export ").split("=", 1) for line in lines)


@pytest.fixture
def place() -> Iterator[Path]:
    """Where a deployment may lie."""
    with open_directory() as directory:
        yield directory / "cluster"


def test_it_comes_up_is_used_repaired_and_taken_down(place: Path) -> None:
    """The file of its environment leads a client there; a second `up` starts only what died; `down` leaves nothing running, twice too."""
    asked = {"port": free_port(*PORTS), "brokers": 1, "apis": 2, "workers": 1}
    cluster = run("up", place, asked, outlives=False)
    repaired = cluster
    try:
        before = _pids(cluster)
        assert None not in before.values()
        assert "Porto" in asyncio.run(_use(_environment(cluster)))
        cluster.apis[0].end(signal.SIGKILL)
        assert "Porto" in asyncio.run(_use(_environment(cluster))), "the SDK goes to the other one"
        repaired = run("up", place, {}, outlives=False)
        changed = {name for name, pid in _pids(repaired).items() if pid != before[name]}
        assert changed == {"api1"}
        with pytest.raises(DeployError, match="made with 1 as workers"):
            run("up", place, {"workers": 2}, outlives=False)
    finally:
        run("down", place, {})
    assert set(_pids(run("down", place, {})).values()) == {None}
    _bury(cluster, repaired)


def test_what_started_of_a_cluster_that_cannot_start_is_taken_down(place: Path) -> None:
    """A port that is taken is told in words; what came up before it is found and ended."""
    port = free_port(*PORTS)
    half = Cluster(place, settle_plan(place, {"port": port, "brokers": 1}))
    with socket.create_server(("127.0.0.1", port + 9)):
        with pytest.raises(DeployError, match=f"port {port + 9} is taken"):
            half.start()
        assert _pids(run("status", place, {}))["postgres"] == half.postgres.daemon.pid is not None
        assert set(_pids(run("down", place, {})).values()) == {None}
    _bury(half)


@pytest.fixture(scope="module")
def cluster() -> Iterator[FaultyCluster]:
    """A deployment for the rows below, each of which leaves it running."""
    with open_directory() as directory, running_cluster(directory) as started:
        yield started


@pytest.mark.parametrize("row", ["api", "rolling", "broker", "frozen", "clock"])
async def test_a_fault_under_load_costs_no_call_and_loses_and_doubles_nothing(cluster: FaultyCluster, row: str) -> None:
    """What `make fault` runs for longer: clients of the SDK see no failure, and none waits long."""
    counted, faults = await run_row(row, cluster, OUTAGE_SECONDS, PATIENCE, print)
    assert not faults, faults
    assert counted.acknowledged > 30
