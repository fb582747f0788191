"""A start that cannot be: the service ends at once with status 1 and says in words what is wrong, where, and what to do."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.support.service import RunningService, start_service, wait_for
from tests.support.tls import CERT, KEY

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that a service made and left in order."""
    directory = tmp_path_factory.mktemp("former") / "data"
    with start_service(directory):
        pass
    return directory


@pytest.fixture
def data(former: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(former, tmp_path / "data"))


def run(command: str, data: Path, *flags: str) -> str:
    """What a command that must fail says."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("EUNOE_") or name.startswith("EUNOE_MODEL")}
    done = subprocess.run(
        [sys.executable, "-m", "service", command, "--data", str(data), *flags],
        env=own,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stderr


def up(data: Path, *flags: str) -> str:
    """What `eunoe up` says that must fail."""
    return run("up", data, "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", *flags)


def overwrite(catalog: Path) -> None:
    """What stands in the file is no database any more."""
    catalog.write_bytes(b"no database, " * 10_000)


def empty(catalog: Path) -> None:
    """Nothing stands in the file any more."""
    catalog.write_bytes(b"")


def scramble(catalog: Path) -> None:
    """The file begins like a database, and that is all."""
    whole = catalog.read_bytes()
    catalog.write_bytes(whole[:100] + bytes(len(whole) - 100))


@pytest.mark.parametrize("damage", [overwrite, empty, scramble, Path.unlink])
def test_a_damaged_catalog(data: Path, damage: Callable[[Path], None]) -> None:
    """The file is named and a backup is asked for, by `up` and by `reindex`; nothing is made anew in its place."""
    catalog = data / "catalog.db"
    damage(catalog)
    for beside in data.glob("catalog.db-*"):
        beside.unlink()
    left = catalog.read_bytes() if catalog.exists() else None

    said = up(data)

    assert f"the catalog {catalog} is damaged" in said
    assert "restore a backup" in said
    assert (catalog.read_bytes() if catalog.exists() else None) == left
    assert "catalog" in run("reindex", data)


def test_another_isolation(data: Path) -> None:
    """What an instance is was fixed when it was made: asking for another is refused, with the way out; not asking is fine."""
    said = up(data, "--isolation", "equals_customer")
    assert "isolation=equals_customer" in said
    assert "'default'" in said
    assert "strict" in said
    assert "--data" in said
    for settings in ({}, {"isolation": "strict"}):
        with start_service(data, **settings):
            pass


@pytest.mark.parametrize("setting", ["tls.cert", "tls.key"])
def test_a_missing_tls_file(data: Path, tmp_path: Path, setting: str) -> None:
    """The file and its setting are named."""
    files = {"tls.cert": CERT, "tls.key": KEY} | {setting: tmp_path / "missing.pem"}
    said = up(data, "--tls-cert", str(files["tls.cert"]), "--tls-key", str(files["tls.key"]))
    assert f"{setting}={tmp_path / 'missing.pem'} cannot be read: No such file" in said


def test_tls_files_that_are_no_pair(data: Path) -> None:
    """Both are named."""
    said = up(data, "--tls-cert", str(CERT), "--tls-key", str(CERT))
    assert f"tls.cert={CERT} and tls.key={CERT} are not a certificate and its private key" in said


@pytest.mark.parametrize("setting", ["listen", "http"])
def test_a_taken_port(data: Path, setting: str) -> None:
    """The setting, the address and the reason are named, whichever of the two it is."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert f"{setting}={address}: Address already in use" in up(data, f"--{setting}", address)


def test_a_place_that_cannot_be_written(data: Path, tmp_path: Path) -> None:
    """The path is named: of the ready file, and of the data directory."""
    (tmp_path / "file").touch()
    assert f"{tmp_path / 'file'} cannot be used" in up(data, "--ready-file", str(tmp_path / "file" / "ready.json"))
    assert f"cannot keep data in {tmp_path / 'file'}" in up(tmp_path / "file")


def test_two_services_on_one_directory(data: Path) -> None:
    """The second one is refused; the first one goes on, and is found as before."""
    with start_service(data) as first:
        assert "another service uses" in up(data)
        assert (data / "ready.json").exists()
        wait_for(lambda: _is_ready(first), 60, lambda: "it is not ready")


def _is_ready(service: RunningService) -> bool:
    try:
        return service.page("/readyz") == "ok\n"
    except HTTPError:
        return False


def test_what_a_killed_service_announced(data: Path) -> None:
    """Its ready file goes before the next service starts, so that nobody who waits for one is told an old address."""
    with start_service(data) as service:
        service.kill("api")
        assert (data / "ready.json").exists()
        up(data, "--tls-cert", str(CERT), "--tls-key", str(CERT))
        assert not (data / "ready.json").exists()
