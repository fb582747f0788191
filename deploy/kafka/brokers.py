"""Run a real Kafka on this machine: one node or three, on loopback, as processes that a pid file remembers.

    python -m deploy.kafka.brokers start [--nodes 3] [--port 9092] [--directory .tools/kafka/data]
    python -m deploy.kafka.brokers stop
    python -m deploy.kafka.brokers prepare [--install]     fetch the jars; with --install Java and Maven too (apt-get, as root)

Node i listens on PORT + 10 (i - 1), its controller on the port after it. Data stays until its directory is removed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from deploy.daemon import Daemon, DeployError

HERE = Path(__file__).parent
TOOLS = HERE.parents[1] / ".tools" / "kafka"
JARS = TOOLS / "jars"
DEFAULT_PORT = 9092
START_SECONDS = 120.0
_STARTED = b"Kafka Server started"
_PACKAGES = ("default-jdk-headless", "maven")
_FIRST_COMPILER = "-XX:TieredStopAtLevel=1"
"""Without the second one, which takes over half a core of three brokers for their first minutes, and many of them live no longer."""
_HEAP = ("-Xms128m", "-Xmx128m", "-XX:+UseG1GC", _FIRST_COMPILER, "-Djava.awt.headless=true")

_PROPERTIES = """
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
unclean.leader.election.enable=false
num.partitions=1
default.replication.factor={copies}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=8
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=8
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={in_sync}
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
background.threads=4
broker.session.timeout.ms={session}
broker.heartbeat.interval.ms=500
replica.lag.time.max.ms=10000
controller.quorum.fetch.timeout.ms=1500
controller.quorum.election.timeout.ms=500
controller.quorum.election.backoff.max.ms=500
"""


@dataclass
class Node(Daemon):
    """One broker, which is a controller too. Everything about it lies in its directory."""

    number: int = 1
    port: int = DEFAULT_PORT
    voters: str = ""
    nodes: int = 1
    _begins: int = field(default=0, init=False)
    """Where its log began this time."""

    def start(self, cluster: str) -> None:
        """Start it without waiting, if it does not run."""
        properties = self.directory / "server.properties"
        if not properties.exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            properties.write_text(self._properties())
        if not (self.directory / "data" / "meta.properties").exists():
            _java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties), "--ignore-formatted")
        self._begins = self.log.stat().st_size if self.log.exists() else 0
        self.launch(_command("kafka.Kafka", str(properties), heap=_HEAP))

    def wait_until_started(self) -> None:
        """Wait until it takes calls."""
        deadline = time.monotonic() + START_SECONDS
        while not self._says(_STARTED):
            if self.has_ended or time.monotonic() > deadline:
                raise DeployError(f"node {self.number} does not start; its log {self.log} ends:\n{self.tail(self._begins)}")
            time.sleep(0.05)

    def _says(self, words: bytes) -> bool:
        with self.log.open("rb") as log:
            log.seek(self._begins)
            return words in log.read()

    def _properties(self) -> str:
        return _PROPERTIES.format(
            node=self.number,
            voters=self.voters,
            port=self.port,
            controller=self.port + 1,
            data=self.directory / "data",
            copies=self.nodes,
            in_sync=max(1, self.nodes - 1),
            session=2000 if self.nodes == 1 else 3000,
        )


@dataclass
class Brokers:
    """A cluster of one or three nodes."""

    directory: Path
    nodes: int = 1
    port: int = DEFAULT_PORT
    outlives: bool = False
    """Whether the nodes go on when this process is gone."""
    members: list[Node] = field(init=False)

    def __post_init__(self) -> None:
        """Know the nodes; start nothing."""
        ports = [self.port + 10 * place for place in range(self.nodes)]
        voters = ",".join(f"{place + 1}@127.0.0.1:{port + 1}" for place, port in enumerate(ports))
        directory = self.directory.absolute()
        self.members = [
            Node(directory / f"node{place + 1}", self.outlives, place + 1, port, voters, self.nodes)
            for place, port in enumerate(ports)
        ]

    @property
    def bootstrap(self) -> str:
        """What clients are told."""
        return ",".join(f"127.0.0.1:{node.port}" for node in self.members)

    def start(self) -> None:
        """Start every node that does not run, and wait until all take calls."""
        prepare()
        fresh = [node for node in self.members if node.pid is None]
        for node in fresh:
            node.start(self._cluster())
        for node in fresh:
            node.wait_until_started()

    def stop(self) -> None:
        """End every node in order: all at once, for the last ones would wait in vain for the others."""
        for node in self.members:
            if node.pid is not None:
                os.kill(node.pid, signal.SIGTERM)
        for node in self.members:
            node.end()

    def kill(self) -> None:
        """End every node as a power cut would."""
        for node in self.members:
            node.end(signal.SIGKILL)

    def wipe(self) -> None:
        """Lose all data of nodes that do not run."""
        for node in self.members:
            shutil.rmtree(node.directory / "data", ignore_errors=True)

    def _cluster(self) -> str:
        """The cluster's id, drawn once."""
        known = self.directory / "cluster-id"
        if not known.exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            known.write_text(_java("kafka.tools.StorageTool", "random-uuid").strip().splitlines()[-1])
        return known.read_text()


def prepare(*, install: bool = False) -> None:
    """Fetch the jars, once for each version of the list."""
    stamp = TOOLS / "pom.xml"
    if stamp.exists() and stamp.read_bytes() == (HERE / "pom.xml").read_bytes() and shutil.which("java"):
        return
    missing = [program for program in ("java", "mvn") if shutil.which(program) is None]
    if missing and install and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing {' and '.join(_PACKAGES)} ...", flush=True)
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *_PACKAGES], check=True, env=environment)
    elif missing:
        raise DeployError(
            f"{' and '.join(missing)} not found: a Kafka broker needs Java 17 or newer, and Maven to be fetched. "
            f"On Debian: apt-get install {' '.join(_PACKAGES)}"
        )
    print("Fetching Kafka (about 45 MB, once) ...", flush=True)
    shutil.rmtree(JARS, ignore_errors=True)
    subprocess.run(["mvn", "-B", "-q", "-f", str(HERE / "pom.xml"), f"-Djars={JARS}", "dependency:copy-dependencies"], check=True)
    shutil.copy(HERE / "pom.xml", stamp)


def _command(main: str, *arguments: str, heap: tuple[str, ...]) -> list[str]:
    return ["java", *heap, f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}", "-cp", f"{JARS}/*", main, *arguments]


def _java(main: str, *arguments: str) -> str:
    heap = ("-Xmx128m", _FIRST_COMPILER)
    done = subprocess.run(_command(main, *arguments, heap=heap), capture_output=True, text=True, check=False)
    if done.returncode:
        raise DeployError(f"{main} failed: {done.stdout[-500:]}{done.stderr[-500:]}")
    return done.stdout


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["start", "stop", "prepare"])
    parser.add_argument("--nodes", type=int, default=1, choices=[1, 3])
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--directory", type=Path, default=TOOLS / "data")
    parser.add_argument("--install", action="store_true", help="install Java and Maven where they are missing (apt-get, as root)")
    given = parser.parse_args()
    brokers = Brokers(given.directory / f"{given.nodes}", given.nodes, given.port, outlives=True)
    try:
        if given.action == "prepare":
            prepare(install=given.install)
        elif given.action == "start":
            brokers.start()
            print(f"Kafka runs. For the service: export EUNOE_KAFKA_BOOTSTRAP={brokers.bootstrap}")
        else:
            for nodes in (1, 3):
                Brokers(given.directory / f"{nodes}", nodes, given.port).stop()
            print("Kafka is stopped.")
    except (DeployError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
