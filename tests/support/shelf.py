"""Where a test's tables lie, as the index is told and as the test can look into it: the bucket of `deploy.s3` is a directory too."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from deploy.s3 import BUCKET, S3Server

SHELVES = ("disk", "s3")
"""Parameters of tests that hold for both."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """One place, empty at first."""

    uri: str
    path: Path
    """Below it lies the directory of each table."""


def disk_shelf(directory: Path) -> Shelf:
    """A directory."""
    return Shelf(str(directory / "index"), directory / "index")


def s3_shelf(server: S3Server) -> Shelf:
    """A prefix that nobody used before; the environment must lead to the server."""
    name = secrets.token_hex(6)
    return Shelf(f"s3://{BUCKET}/{name}", server.root / BUCKET / name)
