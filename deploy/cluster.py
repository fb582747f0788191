"""A whole deployment on this machine: PostgreSQL, Kafka, an S3 server, API processes and workers, each a process that listens on loopback.

    python -m deploy.cluster up [--directory .tools/cluster] [--port 21000] [--brokers 3] [--apis 2] [--workers 2]
    python -m deploy.cluster status
    python -m deploy.cluster down

For trying it out and for tests: PostgreSQL and the S3 server let everybody on this machine in. Each part has its own directory with its log
and pid; data stays until the directory is removed. `up` starts what does not run; `down` ends what does, however `up` ended.
"""

from __future__ import annotations

import argparse
import dataclasses
import fcntl
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy import s3
from deploy.daemon import Daemon, DeployError
from deploy.eunoe import EunoeProcess
from deploy.kafka.brokers import Brokers
from deploy.postgres import PostgresServer
from service.ops.announce import Credentials, read_credentials

DIRECTORY = s3.TOOLS / "cluster"
DATABASE = "eunoe"
PORTS = range(42)
"""Where its ports are, counted from the first."""
_HOST = "127.0.0.1"
_PLAN = "plan.json"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a cluster is made of, fixed when it is started first."""

    port: int = 21000
    """The first of its ports: see `Cluster`."""
    brokers: int = 3
    apis: int = 2
    workers: int = 2


class Cluster:
    """A deployment by its plan.

    Its ports, counted from the plan's: gRPC from 0, PostgreSQL 8, S3 9, HTTP of API processes from 10, of workers from 15, Kafka from 20.
    """

    def __init__(self, directory: Path, plan: Plan, *, outlives: bool = False, **settings: object) -> None:
        """Start nothing yet.

        Args:
            directory: everything about it lies here.
            plan: what it is made of.
            outlives: whether its processes go on when this one is gone.
            settings: of the service, by their names with underscores, beside those that say where everything is.
        """
        self.directory = directory.absolute()
        self.plan = plan
        self.data = self.directory / "data"
        self.postgres = PostgresServer(self.directory / "postgres", plan.port + 8, outlives=outlives)
        self.store = s3.S3Server(self.directory / "s3", plan.port + 9, outlives=outlives)
        self.brokers = Brokers(self.directory / "kafka", plan.brokers, plan.port + 20, outlives=outlives)
        self.settings: dict[str, object] = {
            "catalog_url": self.postgres.url(DATABASE),
            "kafka_bootstrap": self.brokers.bootstrap,
            "vectors_uri": s3.URI,
            "log_format": "json",
            **settings,
        }
        self.store_environment = s3.environment(self.store.endpoint)
        self._outlives = outlives
        self.apis = [self._process("api", place) for place in range(plan.apis)]
        self.workers = [self._process("worker", place) for place in range(plan.workers)]

    @property
    def address(self) -> str:
        """All API processes, as the SDK takes them."""
        return ",".join(api.listen for api in self.apis)

    @property
    def credentials(self) -> Credentials:
        """The first instance's key and the admin token."""
        found = read_credentials(self.data / "credentials.json")
        if found is None:
            raise DeployError(f"there are no credentials in {self.data} yet")
        return found

    @property
    def environment_file(self) -> Path:
        """What leads clients, the command line and more processes of the deployment here."""
        return self.directory / "env"

    @property
    def parts(self) -> list[tuple[str, Daemon, str, str]]:
        """(name, process, address, where its metrics are) of all that runs."""
        nodes = [(f"kafka{node.number}", node, f"{_HOST}:{node.port}", "") for node in self.brokers.members]
        own = [(each.directory.name, each, each.listen, f"http://{each.http}/metrics") for each in (*self.apis, *self.workers)]
        address = self.postgres.url(DATABASE).rpartition("@")[2]
        return [("postgres", self.postgres.daemon, address, ""), ("s3", self.store.daemon, self.store.endpoint, ""), *nodes, *own]

    def start(self, tell: Callable[[str], None] = lambda _: None) -> None:
        """Start whatever does not run, and wait until all of it works. `tell` hears what is being started: the first time takes minutes.

        Raises:
            DeployError: a part does not come up; what did goes on.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / _PLAN).write_text(json.dumps(dataclasses.asdict(self.plan)))
        tell("==> PostgreSQL")
        self.postgres.start()
        self.postgres.create(DATABASE)
        tell("==> The S3 server")
        self.store.start()
        tell(f"==> Kafka, {self.plan.brokers} broker{'s' * (self.plan.brokers > 1)}")
        self.brokers.start()
        tell("==> Eunoe, API processes and workers")
        for process in (*self.apis, *self.workers):
            process.launch_if_absent()
        for process in (*self.apis, *self.workers):
            process.wait_until_ready()
        self._write_environment()

    def stop(self) -> None:
        """End whatever runs, in the order of the flow."""
        for process in (*self.apis, *self.workers):
            process.end()
        self.brokers.stop()
        self.store.stop()
        self.postgres.stop()

    def _process(self, kind: str, place: int) -> EunoeProcess:
        is_api = kind == "api"
        port = self.plan.port
        return EunoeProcess(
            self.directory / f"{kind}{place + 1}",
            self._outlives,
            command="serve" if is_api else "work",
            data=self.data,
            http=f"{_HOST}:{port + (10 if is_api else 15) + place}",
            listen=f"{_HOST}:{port + place}" if is_api else "",
            settings=self.settings,
            beside=self.store_environment,
        )

    def _write_environment(self) -> None:
        values = {
            "EUNOE_ADDRESS": self.address,
            "EUNOE_API_KEY": self.credentials.api_key,
            "EUNOE_DATA_DIR": str(self.data),
            **{f"EUNOE_{name.upper()}": str(value) for name, value in self.settings.items() if name != "log_format"},
            **self.store_environment,
        }
        fresh = self.environment_file.with_suffix(".fresh")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.writelines(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())
        fresh.replace(self.environment_file)


def settle_plan(directory: Path, asked: Mapping[str, int]) -> Plan:
    """The plan of a cluster: the one it was started with, else what is asked for.

    Raises:
        DeployError: it was started with another.
    """
    file = directory / _PLAN
    if not file.exists():
        return Plan(**asked)
    plan = Plan(**json.loads(file.read_text()))
    other = [name for name, value in asked.items() if value != getattr(plan, name)]
    if other:
        has = ", ".join(f"{getattr(plan, name)} as {name}" for name in other)
        raise DeployError(
            f"the cluster in {directory} was made with {has}: take another --directory, or stop it and remove this one"
        )
    return plan


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One `up` or `down` of a directory at a time."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _show(cluster: Cluster) -> None:
    """A table of what runs where."""
    rows = [("part", "address", "pid", "metrics", "log")]
    for name, process, address, metrics in cluster.parts:
        rows.append((name, address, str(process.pid or "-"), metrics, _shown(process.log)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(f"For clients, the command line and more processes:  . {_shown(cluster.environment_file)}")


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def run(action: str, directory: Path, asked: Mapping[str, int], *, outlives: bool = True) -> Cluster:
    """Start (`up`) or end (`down`) what there is of a cluster, and show what runs.

    Args:
        action: `up`, `down`, or anything else to look only.
        directory: the cluster's.
        asked: fields of its plan.
        outlives: whether its processes go on when this one is gone.

    Raises:
        DeployError: a part cannot be run; says why and what to do.
    """
    directory = directory.absolute()
    with _alone(directory):
        cluster = Cluster(directory, settle_plan(directory, asked), outlives=outlives)
        if action == "up":
            cluster.start(print)
        elif action == "down":
            cluster.stop()
        _show(cluster)
    return cluster


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["up", "status", "down"])
    parser.add_argument("--directory", type=Path, default=DIRECTORY)
    parser.add_argument("--port", type=int)
    parser.add_argument("--brokers", type=int, choices=[1, 3])
    parser.add_argument("--apis", type=int, choices=range(1, 6))
    parser.add_argument("--workers", type=int, choices=range(1, 6))
    given = vars(parser.parse_args())
    action, directory = given.pop("action"), given.pop("directory")
    try:
        run(action, directory, {name: value for name, value in given.items() if value})
    except (DeployError, subprocess.CalledProcessError) as error:
        print(f"{error}\nWhat has started goes on; to stop it: make cluster-down", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
