"""What the ready file and the credentials file promise to whoever looks for a running service."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from service.ops.announce import Credentials, Ready, read_credentials, read_ready, write_credentials, write_ready


def ready(pid: int) -> Ready:
    """A ready file's content for a process."""
    return Ready("127.0.0.1:1", "127.0.0.1:2", pid, "/d/credentials.json", "/d")


def test_a_living_service_is_found(tmp_path: Path) -> None:
    """What was written is read back while the process lives."""
    path = tmp_path / "new" / "ready.json"
    write_ready(path, ready(os.getpid()))
    assert read_ready(path) == ready(os.getpid())


def test_a_file_left_by_a_dead_service_is_ignored(tmp_path: Path) -> None:
    """After a crash the file still lies there; its process does not."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    write_ready(tmp_path / "ready.json", ready(process.pid))
    assert read_ready(tmp_path / "ready.json") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"address": 1}', '{"pid": "x"}'])
def test_other_content_is_no_service(tmp_path: Path, text: str) -> None:
    """A missing, half or foreign file is read as "none", without an error."""
    (tmp_path / "file").write_text(text)
    for path in (tmp_path / "file", tmp_path / "missing"):
        assert read_ready(path) is None
        assert read_credentials(path) is None


def test_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    """The credentials file is never readable by others, also when it replaces one that was."""
    path = tmp_path / "credentials.json"
    path.write_text("{}")
    path.chmod(0o644)
    credentials = Credentials("default", "eunoe_k_s", "token")
    write_credentials(path, credentials)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_credentials(path) == credentials
    assert [entry.name for entry in tmp_path.iterdir()] == ["credentials.json"]
