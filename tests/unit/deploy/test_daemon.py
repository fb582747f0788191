"""Servers as processes: known again by whoever comes later, ended, and never left behind by a starter that was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.daemon import Daemon, DeployError
from deploy.process import find_process
from tests.support.service import wait_for

_STARTER = """
import sys, time
from pathlib import Path
from deploy.daemon import Daemon
daemon = Daemon(Path(sys.argv[1]), outlives=sys.argv[2] == "outlives")
daemon.launch([sys.executable, "-c", "import time; time.sleep(600)", sys.argv[1]])
print(daemon.pid, flush=True)
time.sleep(600)
"""


def _command(directory: Path) -> list[str]:
    return [sys.executable, "-c", "import time; time.sleep(600)", str(directory)]


def _start(directory: Path, how: str) -> tuple[subprocess.Popen[str], int]:
    """A process that starts a daemon; the daemon's pid."""
    starter = subprocess.Popen([sys.executable, "-c", _STARTER, str(directory), how], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    starter.stdout.close()
    wait_for(lambda: b"time.sleep" in _program(pid), 10, lambda: "it does not begin")
    return starter, pid


def _program(pid: int) -> bytes:
    """The last of the programs that a process has become, without what leads there."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return b" ".join(words) if words[0] == sys.executable.encode() else b""


def _kill(starter: subprocess.Popen[str]) -> None:
    starter.kill()
    starter.wait(10)


def test_it_dies_with_a_starter_that_is_killed(tmp_path: Path) -> None:
    """However a test run ends, its servers do."""
    starter, pid = _start(tmp_path, "dies")
    assert find_process(pid) is not None
    _kill(starter)
    wait_for(lambda: find_process(pid) is None, 10, lambda: "it outlives its starter")


def test_it_outlives_its_starter_where_it_shall_and_another_process_ends_it(tmp_path: Path) -> None:
    """What `make cluster-up` started, `make cluster-down` finds by the file."""
    starter, pid = _start(tmp_path, "outlives")
    _kill(starter)
    found = Daemon(tmp_path)
    assert found.pid == pid
    found.end(signal.SIGKILL)
    wait_for(lambda: find_process(pid) is None, 10, lambda: "it does not end")
    assert found.pid is None
    found.end()  # again does no harm


def test_a_pid_that_is_another_process_is_not_taken_for_it(tmp_path: Path) -> None:
    """A file that a crash left names whoever has the number now; nobody else is killed."""
    own = subprocess.Popen(_command(tmp_path / "another"))
    (tmp_path / "this").mkdir()
    (tmp_path / "this" / "pid").write_text(f"{own.pid} 1")
    daemon = Daemon(tmp_path / "this")
    assert daemon.pid is None
    daemon.end()
    assert own.poll() is None
    own.kill()
    own.wait(10)


def test_a_directory_has_one_process(tmp_path: Path) -> None:
    """A second one is refused while the first runs, and may follow it."""
    daemon = Daemon(tmp_path)
    daemon.launch(_command(tmp_path))
    with pytest.raises(DeployError, match="in use"):
        Daemon(tmp_path).launch(_command(tmp_path))
    assert daemon.end() == -signal.SIGTERM
    daemon.launch(_command(tmp_path))
    assert daemon.end(signal.SIGKILL) == -signal.SIGKILL
