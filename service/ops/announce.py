"""How a running service is found on its machine: the ready file (addresses, pid) and the credentials file (first key, admin token).

Both are JSON, replaced as a whole, so that a reader never sees half of one. Keys that a newer version adds are ignored.
"""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ready:
    """A service that answers calls."""

    address: str
    """`HOST:PORT` of gRPC, with the real port."""

    http: str
    """`HOST:PORT` of metrics and probes."""

    pid: int
    """Of the API process."""

    credentials: str
    """Path of the credentials file."""

    data_dir: str
    """Path of the data directory."""

    tls_cert: str | None = None
    """Path of the certificate, where the port speaks TLS."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the service made for its first caller."""

    instance_id: str
    api_key: str
    admin_token: str


def write_ready(path: Path, ready: Ready) -> None:
    """Say that the service is ready; remove the file when it stops."""
    _replace(path, dataclasses.asdict(ready), mode=0o644)


def remove_ready(path: Path) -> None:
    """This process is no longer ready; what another one wrote over it stays."""
    if _read(path).get("pid") == os.getpid():
        path.unlink(missing_ok=True)


def read_ready(path: Path) -> Ready | None:
    """The service that wrote the file, if its process still lives."""
    fields = _read(path)
    pid, cert = fields.get("pid"), fields.get("tls_cert")
    texts = _texts(fields, "address", "http", "credentials", "data_dir")
    if texts is None or not isinstance(pid, int) or not _lives(pid):
        return None
    return Ready(texts[0], texts[1], pid, texts[2], texts[3], cert if isinstance(cert, str) else None)


def write_credentials(path: Path, credentials: Credentials) -> None:
    """Store secrets, readable by the owner of the file alone (mode 0600 from its first byte on)."""
    _replace(path, dataclasses.asdict(credentials), mode=0o600)


def read_credentials(path: Path) -> Credentials | None:
    """The stored secrets; None if there is no such file or it holds something else.

    Raises:
        PermissionError: the file is another user's.
    """
    texts = _texts(_read(path), "instance_id", "api_key", "admin_token")
    return None if texts is None else Credentials(*texts)


def _texts(fields: dict[str, object], *names: str) -> list[str] | None:
    values = [fields.get(name) for name in names]
    texts = [value for value in values if isinstance(value, str)]
    return texts if len(texts) == len(names) else None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # it lives, as another user's
    return pid > 0


def _read(path: Path) -> dict[str, object]:
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _replace(path: Path, fields: dict[str, object], *, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        json.dump(fields, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
