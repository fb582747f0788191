"""`make crash`: kill -9 of the service's processes under load, round after round, and what survived.

    python -m tests.e2e.crash --log embedded|kafka --rounds 10 [--seed N]

Fails unless everything acknowledged is there exactly once, and processed to the same memories as in a run that nobody disturbed.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click

from deploy.daemon import free_port
from deploy.kafka.brokers import Brokers
from tests.e2e.load import Link, Writer, item_id
from tests.e2e.survival import Count, Portrait, count, index_differences, ingestions, portrait, settle, unfindable
from tests.support.cluster import RunningCluster, start_cluster
from tests.support.datadir import backlog, indexed, unindexed
from tests.support.service import RunningService, start_service, until
from tests.support.wire import COMPLETED, Wire

PARTS = {"embedded": ("api", "owner", "child"), "kafka": ("api", "owner", "child", "broker")}
"""What is killed, by log. On Kafka owners are workers: there are two."""

SCOPES = 6
ENOUGH = 100
"""Unindexed records beyond which the writers pause: the service is always behind, and never so far that a run takes hours."""
FRESH = 20
"""Items that are acknowledged between two kills at least, however far the service is behind."""
LONGEST_WAIT = 1.5
"""Seconds until the kill, at most, once a round has come so far."""
IN_RECOVERY = 0.3
"""The share of rounds that kill while the service recovers from the last kill; the others let it work again first."""

Tell = Callable[[str], None]
Service = RunningService | RunningCluster


@dataclass
class Verdict:
    """How a crash run ended."""

    count: Count
    faults: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether everything held."""
        return self.count.is_whole and not self.faults


async def crash(directory: Path, rounds: int, seed: int, tell: Tell, brokers: Brokers | None = None) -> Verdict:
    """Kill in as many rounds, let the service finish, and compare with an undisturbed run of the same input.

    Args:
        directory: for the data of both runs.
        rounds: how often something is killed.
        seed: of what is killed and when.
        tell: hears how it goes.
        brokers: the service runs on this Kafka, else on the embedded log.
    """
    writers = [Writer(f"s{place}", is_streaming=place % 2 == 1) for place in range(SCOPES)]
    tell(f"crash run: {rounds} rounds, {SCOPES} scopes (half of them streams), seed {seed}")
    with launch(directory / "crashed", brokers) as service:
        verdict = Verdict(Count(0, 0, 0), await _disturb(service, writers, rounds, random.Random(seed), tell))
        tell("no more kills; the service works off what is left")
        async with connect(service) as wire:
            await settle(wire, writers, service.directory, tell)
            verdict.count = await count(wire, writers)
            verdict.faults += await _faults(wire, writers)
            portraits = [await portrait(wire, writer) for writer in writers]
    verdict.faults += index_differences(service.directory)
    tell("the same input once more, undisturbed")
    expected = await _undisturbed(directory / "undisturbed", writers, tell)
    for writer, got, wanted in zip(writers, portraits, expected, strict=True):
        verdict.faults += [f"{writer.name}: not in the undisturbed run: {memory}" for memory in got - wanted]
        verdict.faults += [f"{writer.name}: only in the undisturbed run: {memory}" for memory in wanted - got]
    tell(f"{sum(map(Counter.total, portraits))} memories compared")
    return verdict


@contextmanager
def launch(directory: Path, brokers: Brokers | None) -> Iterator[Service]:
    """The service, embedded or on a Kafka."""
    if brokers is None:
        with start_service(directory) as service:
            yield service
    else:
        with start_cluster(directory, brokers, workers=2) as cluster:
            yield cluster


async def _disturb(service: Service, writers: Sequence[Writer], rounds: int, chance: random.Random, tell: Tell) -> list[str]:
    """Write all the time and kill once a round. Returns what was wrong."""
    faults: list[str] = []
    stop = asyncio.Event()
    link = Link(connect(service))
    former: list[Wire] = []
    async with asyncio.TaskGroup() as tasks:
        for writer in writers:
            tasks.create_task(writer.run(link, stop))
        keeper = tasks.create_task(keep_busy(service.directory, link))
        known = PARTS["kafka" if isinstance(service, RunningCluster) else "embedded"]
        parts = [*known * (rounds // len(known) + 1)][:rounds]
        chance.shuffle(parts)
        for number, part in enumerate(parts, 1):
            await _reach_next_kill(service.directory, writers, link, chance)
            behind = await _kill(service, writers, part)
            if not behind:
                faults.append(f"round {number}: everything acknowledged was indexed when {part} was killed")
            await asyncio.to_thread(service.revive)
            if part == "api":
                former.append(link.wire)  # closing it now would cancel the writer that is just sending on it
                link.wire = connect(service)
            tell(
                f"  round {number}/{rounds}: killed {part:6}  {_acknowledged(writers)} acknowledged, {behind} of them not yet indexed"
            )
        stop.set()
        link.open.set()
        keeper.cancel()
    for wire in (*former, link.wire):
        await wire.close()
    return faults


async def _reach_next_kill(directory: Path, writers: Sequence[Writer], link: Link, chance: random.Random) -> None:
    """Let new items in and, in most rounds, some be indexed; then a moment more."""
    goal = _acknowledged(writers) + FRESH
    link.is_fresh = False
    former = indexed(directory)
    is_in_recovery = chance.random() < IN_RECOVERY

    async def has_come_so_far() -> bool:
        link.is_fresh = _acknowledged(writers) >= goal
        return link.is_fresh and (is_in_recovery or indexed(directory) > former) and backlog(directory) > FRESH // 2

    await until(has_come_so_far, 240, "the service does not come so far that it could be killed again")
    await asyncio.sleep(chance.uniform(0, LONGEST_WAIT))


async def _kill(service: Service, writers: Sequence[Writer], part: str) -> int:
    """Kill a part. Returns how much was acknowledged before and is still not indexed after it."""
    acknowledged = {item_id(item) for writer in writers for item in writer.acknowledged}
    await asyncio.to_thread(service.kill, part)
    return len(unindexed(service.directory, acknowledged))


async def keep_busy(directory: Path, link: Link) -> None:
    """Let the writers write while the service is not too far behind, or little is new since the last kill."""
    while True:
        if backlog(directory) < ENOUGH or not link.is_fresh:
            link.open.set()
        else:
            link.open.clear()
        await asyncio.sleep(0.01)


def _acknowledged(writers: Sequence[Writer]) -> int:
    return sum(len(writer.acknowledged) for writer in writers)


async def _faults(wire: Wire, writers: Sequence[Writer]) -> list[str]:
    faults = []
    for writer in writers:
        ended = await ingestions(wire, writer)
        bad = [each for each in ended if each.status != COMPLETED or each.errors]
        faults += [
            f"{writer.name}: the ingestion of {each.document_id} ended as {each.status} {list(each.errors)}" for each in bad
        ]
        faults += [f"not found by its own words: {memory}" for memory in await unfindable(wire, writer)]
    return faults


async def _undisturbed(directory: Path, writers: Sequence[Writer], tell: Tell) -> list[Portrait]:
    again = [Writer(writer.name, is_streaming=writer.is_streaming) for writer in writers]
    with start_service(directory) as service:
        async with connect(service) as wire:
            link = Link(wire)
            link.open.set()
            async with asyncio.TaskGroup() as tasks:
                for former, writer in zip(writers, again, strict=True):
                    tasks.create_task(writer.run(link, asyncio.Event(), len(former.acknowledged)))
            await settle(wire, again, directory, tell)
            return [await portrait(wire, writer) for writer in again]


def connect(service: Service) -> Wire:
    """Plain stubs of the first instance."""
    return Wire(service.address, service.credentials["api_key"])


@click.command(help=__doc__)
@click.option("--log", type=click.Choice([*PARTS]), default="embedded", help="Which log the service runs on.")
@click.option("--rounds", type=click.IntRange(1), default=10, show_default=True, help="How often something is killed.")
@click.option("--seed", type=int, default=None, help="Of what is killed and when; drawn and printed by default.")
def main(log: str, rounds: int, seed: int | None) -> None:
    """Run it and print what survived."""
    drawn = random.SystemRandom().randrange(10_000) if seed is None else seed
    with tempfile.TemporaryDirectory(prefix="eunoe-crash-") as directory:
        brokers = Brokers(Path(directory) / "kafka", port=free_port(1)) if log == "kafka" else None
        try:
            verdict = asyncio.run(crash(Path(directory), rounds, drawn, click.echo, brokers))
        finally:
            if brokers is not None:
                brokers.stop()
    for fault in verdict.faults[:40]:
        click.echo(f"  FAULT {fault}")
    if len(verdict.faults) > 40:
        click.echo(f"  ... and {len(verdict.faults) - 40} more")
    counted = verdict.count
    click.echo(f"log {log}: acknowledged {counted.acknowledged}, present {counted.present}, doubled {counted.doubled}")
    sys.exit(0 if verdict.is_good else 1)


if __name__ == "__main__":
    main()
