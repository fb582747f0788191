"""`make fault F=row`: something breaks under steady load through the SDK, and what became of the load.

Each row prints what was acknowledged, is present and is doubled, how many calls failed and how long the longest took, and fails by what must
hold. These run on one deployment: PostgreSQL, three brokers, an S3 server, two API processes, two workers. The rows that are about starting, sharing out
and a full disk need no load, and are tests of the suite that are run here.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click

from deploy import s3
from deploy.cluster import DATABASE, PORTS, Cluster, Plan
from deploy.daemon import free_port
from deploy.eunoe import EunoeProcess
from deploy.process import Process, find_process
from tests.e2e.steady import Count, Load
from tests.e2e.survival import index_differences
from tests.support.datadir import attempts, owners, passages, progress
from tests.support.faults import FaultyProxy
from tests.support.processes import worker_of
from tests.support.service import until

SESSION_SECONDS = 3
"""A worker that is not heard of for so long loses its shards."""
WARM_UP_SECONDS = 4.0
LONGEST_CALL = 5.0
NOISE_SECONDS = 0.1
"""Writes that are shorter than this are not compared: there are few, and two cores do a lot beside them."""
KILLS = 10
SETTLE_SECONDS = 300.0

Tell = Callable[[str], None]


class FaultyCluster(Cluster):
    """A deployment that dies with this process, on ports that nobody uses, with something between it and its object store."""

    def __init__(self, directory: Path) -> None:
        """Start nothing yet."""
        super().__init__(directory, Plan(port=free_port(*PORTS)), kafka_session_timeout=f"{SESSION_SECONDS}s", shards=4)
        self.proxy = FaultyProxy(self.store.port)
        self.store_environment.update(s3.environment(self.proxy.endpoint))  # which its processes get


@dataclass
class Trial:
    """One row being run."""

    cluster: FaultyCluster
    load: Load
    seconds: float
    """How long something is away."""
    patience: float
    """What limits of time are multiplied with: 1 on a machine that does nothing else."""
    tell: Tell
    faults: list[str] = field(default_factory=list)

    @property
    def catalog(self) -> str:
        """Where the catalog is."""
        return self.cluster.postgres.url(DATABASE)

    def expect(self, holds: bool, words: str) -> None:
        """Note what does not hold."""
        if not holds:
            self.faults.append(words)

    async def reach(self, table: str, limit: float, what: str) -> None:
        """Whatever is accepted by now must come so far within a time."""
        began, goal = time.monotonic(), await asyncio.to_thread(progress, self.catalog, "log_heads")

        async def is_reached() -> bool:
            now = await asyncio.to_thread(progress, self.catalog, table)
            return all(now.get(place, 0) >= seq for place, seq in goal.items())

        await until(is_reached, SETTLE_SECONDS, f"{what}: never")
        took = time.monotonic() - began
        self.tell(f"  {what} after {took:.1f} s")
        self.expect(took <= limit * self.patience, f"{what} after {took:.1f} s, more than {limit:g} s")

    async def lag(self) -> float:
        """What the API processes say is not in Kafka yet."""
        pages = [await asyncio.to_thread(api.page, "/metrics") for api in self.cluster.apis[:1]]
        lines = [line for page in pages for line in page.splitlines() if line.startswith("eunoe_published_lag_records{")]
        return sum(float(line.split()[1]) for line in lines)


@dataclass(frozen=True, slots=True)
class Row:
    """One fault, and what must hold besides that nothing is lost or doubled."""

    disturb: Callable[[Trial], Awaitable[None]]
    may_fail: bool = False
    """Whether calls may fail."""
    longest: float | None = LONGEST_CALL
    """Seconds of the longest call that are allowed."""
    compares: bool = False
    """Whether the memories are compared with those of an undisturbed run."""


async def one_broker(trial: Trial) -> None:
    """One of three brokers is killed, and comes back."""
    node = trial.cluster.brokers.members[1]
    await asyncio.to_thread(node.end, signal.SIGKILL)
    await asyncio.sleep(trial.seconds / 2)
    await trial.reach("log_published", 15, "published, one broker being away")
    await asyncio.to_thread(trial.cluster.brokers.start)
    await trial.reach("log_published", 15, "published, the broker being back")


async def all_brokers(trial: Trial) -> None:
    """All of Kafka is killed, and comes back."""
    began = time.monotonic()
    await asyncio.to_thread(trial.cluster.brokers.kill)
    away = time.monotonic()
    await asyncio.sleep(trial.seconds)
    shown, back = await trial.lag(), time.monotonic()
    await asyncio.to_thread(trial.cluster.brokers.start)
    await trial.reach("log_published", 30, "published, Kafka being back")
    before, during = (_p99(trial.load.seconds("record", *span)) for span in ((began - WARM_UP_SECONDS, began), (away, back)))
    trial.tell(f"  p99 of writes: {before * 1000:.0f} ms before, {during * 1000:.0f} ms while Kafka was away")
    usual = max(before, NOISE_SECONDS)
    trial.expect(during <= usual * 1.5 * trial.patience, "writes took longer while Kafka was away")
    trial.expect(shown > 0, "the lag did not show")


async def database(trial: Trial) -> None:
    """PostgreSQL stops in immediate mode, and comes back."""
    await asyncio.to_thread(trial.cluster.postgres.stop, signal.SIGQUIT)
    await asyncio.sleep(trial.seconds)
    await asyncio.to_thread(trial.cluster.postgres.start)
    await trial.reach("log_indexed", 60, "processed, PostgreSQL being back")


async def api_processes(trial: Trial) -> None:
    """Each API process is killed, and comes back."""
    for api in trial.cluster.apis:
        await asyncio.to_thread(api.end, signal.SIGKILL)
        await asyncio.sleep(trial.seconds / 2)
        await asyncio.to_thread(api.start)


async def rolling_restart(trial: Trial) -> None:
    """Every API process and every worker is stopped in order and started again, one after the other."""
    for process in (*trial.cluster.apis, *trial.cluster.workers):
        status = await asyncio.to_thread(process.end)
        trial.expect(status == 0, f"{process.directory.name} ended with {status}")
        await asyncio.to_thread(process.start)


async def worker_kills(trial: Trial) -> None:
    """Workers are killed in the middle of their work, ten times at random."""
    chance = random.Random(trial.load.name)
    for _ in range(KILLS):
        worker = chance.choice(trial.cluster.workers)
        await asyncio.to_thread(worker.end, signal.SIGKILL)
        await asyncio.to_thread(worker.start)
        await asyncio.sleep(chance.uniform(0, trial.seconds / KILLS * 2))


async def frozen_worker(trial: Trial) -> None:
    """A worker stands still for longer than its session, then goes on."""
    sleeper, other = trial.cluster.workers
    stopped = _tree(sleeper)
    for process in stopped:
        process.send(signal.SIGSTOP)
    try:
        await asyncio.sleep(max(trial.seconds, 2.0 * SESSION_SECONDS))
        await trial.reach("log_applied", 60, "applied by the others")
        taken = await asyncio.to_thread(owners, trial.catalog)
        trial.expect(all(owner.endswith(f"pid {other.pid}") for owner in taken), f"shards stayed with it: {taken}")
    finally:
        for process in stopped:
            process.send(signal.SIGCONT)


def _tree(process: EunoeProcess) -> list[Process]:
    found = find_process(process.pid or 0)
    members = []
    while found is not None:
        members.append(found)
        found = worker_of(found)
    return members


async def object_store(trial: Trial) -> None:
    """The object store is killed, and comes back."""
    await asyncio.to_thread(trial.cluster.store.kill)
    await asyncio.sleep(trial.seconds)
    await trial.reach("log_applied", 60, "applied without the store")
    await asyncio.to_thread(trial.cluster.store.start)
    await trial.reach("log_indexed", 60, "indexed, the store being back")


async def store_refusals(trial: Trial) -> None:
    """The object store answers one call in five with 503."""
    proxy = trial.cluster.proxy
    before, proxy.refuse_each = proxy.faults, 5
    try:
        await asyncio.sleep(trial.seconds)
    finally:
        proxy.refuse_each = 0
    trial.tell(f"  {proxy.faults - before} calls of {proxy.requests.total()} refused")
    trial.expect(proxy.faults > before, "nothing was refused")
    await trial.reach("log_indexed", 60, "indexed, the store refusing nothing any more")


async def wiped_kafka(trial: Trial) -> None:
    """All of Kafka's data is lost while nobody works."""
    for worker in trial.cluster.workers:
        await asyncio.to_thread(worker.end, signal.SIGKILL)
    await asyncio.sleep(trial.seconds / 2)
    await trial.reach("log_published", 30, "published, nobody working")
    await asyncio.to_thread(trial.cluster.brokers.kill)
    trial.cluster.brokers.wipe()
    await asyncio.to_thread(trial.cluster.brokers.start)
    for worker in trial.cluster.workers:
        await asyncio.to_thread(worker.start)
    await trial.reach("log_indexed", 90, "processed from the outbox")


async def clocks_apart(trial: Trial) -> None:
    """The clocks of the workers go an hour wrong, one ahead and one behind."""
    for worker, hours in zip(trial.cluster.workers, (1, -1), strict=True):
        await _restart(worker, ("-c", OTHER_CLOCK.format(nanoseconds=hours * 3600 * 10**9)))
    await asyncio.sleep(trial.seconds)
    await trial.reach("log_indexed", 30, "processed with clocks apart")
    for worker in trial.cluster.workers:
        await _restart(worker, ("-m", "service"))


OTHER_CLOCK = """
import time
seconds, whole = time.time, time.time_ns
time.time, time.time_ns = lambda: seconds() + {nanoseconds} / 1e9, lambda: whole() + {nanoseconds}
from service.__main__ import main
main()
"""


async def _restart(worker: EunoeProcess, program: tuple[str, str]) -> None:
    await asyncio.to_thread(worker.end)
    worker.program = program
    await asyncio.to_thread(worker.start)


ROWS = {
    "kafka": Row(all_brokers),
    "postgres": Row(database, may_fail=True, longest=None),
    "api": Row(api_processes),
    "rolling": Row(rolling_restart),
    "worker": Row(worker_kills, compares=True),
    "store": Row(object_store, longest=12.0),  # the first fetch of a scope that is not in memory takes 5 s to notice
    "refusals": Row(store_refusals),
    "broker": Row(one_broker),
    "frozen": Row(frozen_worker),
    "wiped": Row(wiped_kafka),
    "clock": Row(clocks_apart, compares=True),
}


ELSEWHERE = {
    "disk": [
        "tests/integration/catalog",
        "tests/integration/pipeline/test_attempts.py",
        "tests/e2e/test_full_disk.py",
        "-k",
        "full_disk",
    ],
    "shards": ["tests/e2e/test_kafka.py", "-k", "cannot_work_together"],
    "start": ["tests/e2e/test_kafka.py", "tests/integration/catalog/test_postgres.py", "-k", "come_up_at_once or start_at_once"],
    "owners": ["tests/e2e/test_kafka.py", "-k", "shared_out"],
}
"""What pytest runs for rows without load."""


async def run_row(name: str, cluster: FaultyCluster, seconds: float, patience: float, tell: Tell) -> tuple[Count, list[str]]:
    """Run one row on a deployment that runs, and leave it running.

    Args:
        name: of the row.
        cluster: the deployment.
        seconds: how long something is away.
        patience: see `Trial`.
        tell: hears how it goes.

    Returns:
        The counts, and what did not hold.
    """
    row = ROWS[name]
    load = Load(cluster.address, cluster.credentials.api_key, f"{name} {random.randrange(10**6)}")
    trial = Trial(cluster, load, seconds, patience, tell)
    former = passages(trial.catalog)[0], attempts(trial.catalog)
    tell(f"{name}: {row.disturb.__doc__}")
    async with load.running():
        await asyncio.sleep(WARM_UP_SECONDS)
        await row.disturb(trial)
        await asyncio.sleep(WARM_UP_SECONDS / 2)
    await trial.reach("log_indexed", SETTLE_SECONDS, "all processed")
    counted = await load.count()
    _judge(trial, row, counted, former)
    if row.compares:
        trial.faults += await _compare(trial)
    tell(f"{name}: {'FAILED' if trial.faults else 'held'}: {counted}")
    for fault in trial.faults[:20]:
        tell(f"  FAULT {fault}")
    return counted, trial.faults


def _judge(trial: Trial, row: Row, counted: Count, former: tuple[int, int]) -> None:
    trial.expect(counted.present == counted.acknowledged and not counted.doubled, "something is lost or doubled")
    trial.tell(f"  longest calls, in seconds: {trial.load.slowest()}")
    errors = dict(trial.load.errors())
    if errors:
        trial.tell(f"  failed calls: {errors}")
    trial.expect(row.may_fail or not errors, "calls failed")
    if row.longest is not None:
        trial.expect(counted.longest <= row.longest * trial.patience, f"a call took {counted.longest:.1f} s")
    left, sources = passages(trial.catalog)
    trial.expect(left == sources, f"{left} passages of {sources} turns")
    made = left - former[0]
    trial.expect(made >= counted.acknowledged, f"{made} passages of {counted.acknowledged} turns")
    trial.expect(attempts(trial.catalog) == former[1] or row.compares, "an outage was counted as an attempt")


async def _compare(trial: Trial) -> list[str]:
    """Record the same once more, undisturbed, and compare the memories."""
    again = await trial.load.repeat()
    await trial.reach("log_indexed", SETTLE_SECONDS, "the same processed undisturbed")
    got, wanted = await trial.load.memories(), await again.memories()
    trial.tell(f"  {got.total()} memories compared")
    differences = [f"not in the undisturbed run: {memory}" for memory in got - wanted]
    return differences + [f"only in the undisturbed run: {memory}" for memory in wanted - got]


def _p99(sorted_seconds: list[float]) -> float:
    return sorted_seconds[int(len(sorted_seconds) * 0.99)] if sorted_seconds else 0.0


@contextmanager
def running_cluster(directory: Path) -> Iterator[FaultyCluster]:
    """A deployment for the length of a block."""
    cluster = FaultyCluster(directory)
    with cluster.proxy:
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


@contextmanager
def open_directory() -> Iterator[Path]:
    """A directory for a deployment, which the unprivileged user of its PostgreSQL may pass."""
    with tempfile.TemporaryDirectory(prefix="eunoe-cluster-", dir="/tmp") as directory:
        Path(directory).chmod(0o711)
        yield Path(directory)


async def run(names: list[str], cluster: FaultyCluster, seconds: float, tell: Tell) -> int:
    """Run rows one after the other. Returns how many failed."""
    failed = 0
    for name in names:
        _, faults = await run_row(name, cluster, seconds, 1.0, tell)
        failed += bool(faults)
    for worker in cluster.workers:
        await asyncio.to_thread(worker.end)
    os.environ.update(cluster.store_environment)
    differences = await asyncio.to_thread(index_differences, cluster.postgres.url(DATABASE), s3.URI)
    for difference in differences[:20]:
        tell(f"  FAULT {difference}")
    return failed + bool(differences)


@click.command(help=__doc__)
@click.argument("rows", nargs=-1, required=True, type=click.Choice([*ROWS, *ELSEWHERE, "all"]))
@click.option("--seconds", type=click.FloatRange(1), default=60.0, show_default=True, help="How long something is away.")
def main(rows: tuple[str, ...], seconds: float) -> None:
    """Run them and print what became of the load."""
    wanted = [*ROWS, *ELSEWHERE] if "all" in rows else rows
    failed = 0
    for name in wanted:
        if name in ELSEWHERE:
            failed += bool(subprocess.run([sys.executable, "-m", "pytest", "-q", *ELSEWHERE[name]], check=False).returncode)
    loaded = [name for name in wanted if name in ROWS]
    if loaded:
        with open_directory() as directory, running_cluster(directory) as cluster:
            failed += asyncio.run(run(loaded, cluster, seconds, click.echo))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
