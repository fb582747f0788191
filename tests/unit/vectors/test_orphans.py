"""Half-written files go, others stay."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

from service.vectors.orphans import remove_orphans

HOUR = timedelta(hours=1)


def _file(path: Path, *, age_s: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"secret")
    os.utime(path, (time.time() - age_s, time.time() - age_s))
    return path


def test_old_ones_of_the_table_go(tmp_path: Path) -> None:
    """Only half-written files go, only old ones, and only those of the table."""
    gone = [_file(tmp_path / "a.lance" / folder / ".tmp12", age_s=4000) for folder in ("data", "_versions", "_transactions")]
    kept = [
        _file(tmp_path / "a.lance" / "data" / ".tmp13", age_s=3000),
        _file(tmp_path / "a.lance" / "data" / "1.lance", age_s=4000),
        _file(tmp_path / "b.lance" / "data" / ".tmp12", age_s=4000),
    ]
    assert remove_orphans(str(tmp_path), "a", older_than=HOUR) == 3
    assert not any(file.exists() for file in gone) and all(file.exists() for file in kept)


def test_nothing_there(tmp_path: Path) -> None:
    """A table that is missing, or in a bucket, has none."""
    assert remove_orphans(str(tmp_path), "a", older_than=HOUR) == 0
    assert remove_orphans("s3://bucket/index", "a", older_than=HOUR) == 0
