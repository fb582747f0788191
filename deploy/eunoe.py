"""An `eunoe serve` or `eunoe work` as a process of its own."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

from deploy.daemon import Daemon, DeployError
from service.ops.announce import read_ready

START_SECONDS = 120.0


@dataclass
class EunoeProcess(Daemon):
    """One process of a deployment; log, pid and ready file lie in its directory."""

    command: str = "serve"
    data: Path = Path()
    http: str = "127.0.0.1:0"
    """Where its metrics and probes are."""
    listen: str = ""
    """Where it answers calls; empty for a worker."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """By their names with underscores."""
    program: Sequence[str] = ("-m", "service")
    """What Python runs."""
    beside: Mapping[str, str] = field(default_factory=dict)
    """What else its environment holds."""

    def launch_if_absent(self) -> None:
        """Start it without waiting, unless it runs."""
        if self.pid is not None:
            return
        self._ready_file.unlink(missing_ok=True)
        flags = ["--data", str(self.data), "--http", self.http, "--ready-file", str(self._ready_file)]
        flags += ["--listen", self.listen] if self.listen else []
        self.launch([sys.executable, *self.program, self.command, *flags], env={**environment(self.settings), **self.beside})

    def wait_until_ready(self) -> None:
        """Wait until it works.

        Raises:
            DeployError: it ended instead, or it takes too long.
        """
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self.pid is None or time.monotonic() > deadline:
                raise DeployError(f"{self.directory.name} does not start; its log {self.log} ends:\n{self.tail()}")
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        ready = read_ready(self._ready_file)
        if ready is None or ready.pid != self.pid:
            return False
        try:
            return not self.listen or self.page("/readyz").startswith("ok")  # a worker may begin while Kafka is away
        except OSError:
            return False

    def start(self) -> None:
        """Start it, unless it runs, and wait until it works.

        Raises:
            DeployError: see `wait_until_ready`.
        """
        self.launch_if_absent()
        self.wait_until_ready()

    def page(self, path: str) -> str:
        """A page of its HTTP port, such as `/metrics`."""
        with urlopen(f"http://{self.http}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    @property
    def _ready_file(self) -> Path:
        return self.directory / "ready.json"


def environment(settings: Mapping[str, object]) -> dict[str, str]:
    """This process's environment with these settings of the service, by their names with underscores, and no others but for where its model lies."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("EUNOE_") or name.startswith("EUNOE_MODEL")}
    return own | {f"EUNOE_{name.upper()}": str(value) for name, value in settings.items()}
