"""What went wrong is put right on a real Kafka: dead letters are replayed, and what an older extractor read is read again."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.eunoe import environment
from deploy.kafka.brokers import Brokers
from tests.e2e.crash import connect
from tests.support import former
from tests.support.cluster import RunningCluster, start_cluster
from tests.support.datadir import accepted, backlog, published
from tests.support.service import until
from tests.support.wire import COMPLETED, FAILED, Wire, note, turn

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

SECONDS = 120.0


async def _eunoe(cluster: RunningCluster, *arguments: str) -> str:
    """What a command says beside the running deployment."""
    command = [sys.executable, "-m", "service", *arguments, "--data", str(cluster.directory)]
    done = await asyncio.to_thread(
        subprocess.run, command, env=environment(cluster.settings), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


async def _drain(cluster: RunningCluster) -> None:
    async def is_drained() -> bool:
        return backlog(cluster.directory) == 0 and published(cluster.directory) == accepted(cluster.directory)

    await until(is_drained, SECONDS, "it does not drain")


async def _remembered(wire: Wire) -> list[str]:
    return sorted(memory.content for memory in await wire.all_memories("u", "c"))


async def test_dead_letters_and_an_older_extractor(tmp_path: Path, brokers: Brokers) -> None:
    """A document that kills its readers ends FAILED, others go on; with a mended worker both commands bring everything back, once, through Kafka."""
    with start_cluster(tmp_path / "data", brokers, workers=0) as cluster:
        async with connect(cluster) as wire:
            worker = await asyncio.to_thread(cluster.add_worker, former.PROGRAM)
            poison = await wire.create(note(f"My sister Ana lives in Porto. This note is {former.DEADLY}."))
            await wire.record(turn("talk", "I am allergic to peanuts."))
            assert (await wire.watch(poison.ingestion_id)).status == FAILED
            await _drain(cluster)
            assert await _remembered(wire) == []
            assert (await wire.fetch("u", "c", search_queries=["peanuts"])).items

            assert await asyncio.to_thread(worker.stop) == 0
            await asyncio.to_thread(cluster.add_worker)
            (letter,) = json.loads(await _eunoe(cluster, "dead-letter", "list", "--json"))
            assert letter["attempts"] == 3 and former.DEADLY in letter["excerpt"]
            assert await _eunoe(cluster, "dead-letter", "replay", letter["letter_id"]) == "1 put back.\n"
            assert (await wire.watch(poison.ingestion_id)).status == COMPLETED
            assert await _eunoe(cluster, "dead-letter", "replay", "--all") == "0 put back.\n"
            assert await _remembered(wire) == ["User's sister Ana lives in Porto"]

            assert await _eunoe(cluster, "reextract") == "All is read again.\n"
            assert await _remembered(wire) == ["User is allergic to peanuts", "User's sister Ana lives in Porto"]
            assert await _eunoe(cluster, "reextract") == "Nothing is to be read again.\n"
            await _drain(cluster)
