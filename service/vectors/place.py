"""Where the tables lie: a directory, or a prefix of a bucket. What differs between the two is decided here.

What lives here: options of the connection, deadlines, half-written files. What does not: the tables (`lance`), what errors mean (`errors`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from service.settings import is_loopback

_PATIENCE = {"connect_timeout": "2s", "timeout": "5s", "client_max_retries": "4", "client_retry_timeout": "4"}
"""For one request to a bucket. With LanceDB's own values a query to a dead store hung for 142 s (measured)."""

DEFAULT_REGION = "us-east-1"
"""What stores that know no regions call theirs."""


@dataclass(frozen=True, slots=True)
class Place:
    """One directory or prefix."""

    uri: str
    """An absolute path, or `s3://BUCKET/PREFIX`."""

    @classmethod
    def of(cls, uri: str) -> Place:
        """The place that a setting names; a relative directory is one, though LanceDB would take a bare "db..." for its cloud."""
        return cls(uri if "://" in uri else str(Path(uri).absolute()))

    @property
    def is_remote(self) -> bool:
        """Whether requests over the network lie between us and the tables."""
        return "://" in self.uri

    @property
    def read_seconds(self) -> float:
        """The longest a read may take: a directory is slow when the machine is busy, a bucket when it is away, and then the catalog answers."""
        return 5.0 if self.is_remote else 10.0

    @property
    def write_seconds(self) -> float:
        """The longest a write may take. One that is given up may still be committed: every write can be repeated."""
        return 15.0 if self.is_remote else 60.0

    def options(self, environ: Mapping[str, str]) -> dict[str, str] | None:
        """How to connect: patiently, but not for long. Keys stay in the environment, where LanceDB reads them itself."""
        if not self.is_remote:
            return None
        options = {"aws_region": environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or ""}
        endpoint = endpoint_of(environ)
        if endpoint:
            options |= {"aws_endpoint": endpoint, "allow_http": str(endpoint.startswith("http://")).lower()}
            options["aws_region"] = options["aws_region"] or DEFAULT_REGION
        return _PATIENCE | {name: value for name, value in options.items() if value}

    def remove_orphans(self, name: str, *, older_than: timedelta) -> int:
        """Remove half-written files that killed writers left in a table's directory; return how many.

        LanceDB never removes them, and they hold what people said. A bucket has none: an object is there whole or not at all.

        Args:
            name: the table.
            older_than: younger files may belong to a write under way.
        """
        if self.is_remote:
            return 0
        before = time.time() - older_than.total_seconds()
        return sum(_remove(file, before) for file in Path(self.uri, f"{name}.lance").glob("*/.tmp*"))


def endpoint_of(environ: Mapping[str, str]) -> str:
    """The store's address, where it is not AWS's own."""
    return environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or environ.get("AWS_ENDPOINT") or ""


def is_readable_on_the_way(environ: Mapping[str, str]) -> bool:
    """Whether what goes to the store crosses a network in plaintext."""
    endpoint = urlsplit(endpoint_of(environ))
    return endpoint.scheme == "http" and not is_loopback(f"{endpoint.hostname}:0")


def _remove(file: Path, before: float) -> bool:
    try:
        if file.stat().st_mtime >= before:
            return False
        file.unlink()
    except FileNotFoundError:  # its writer finished
        return False
    return True
