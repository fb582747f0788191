"""Half-written files that killed writers leave in a table's directory. LanceDB never removes them, and they hold what people said."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path


def remove_orphans(uri: str, name: str, *, older_than: timedelta) -> int:
    """Remove them from one table; return how many.

    Args:
        uri: where the tables are. A bucket has no such files.
        name: the table.
        older_than: younger files may belong to a write under way.
    """
    if "://" in uri:
        return 0
    before = time.time() - older_than.total_seconds()
    return sum(_remove(file, before) for file in Path(uri, f"{name}.lance").glob("*/.tmp*"))


def _remove(file: Path, before: float) -> bool:
    try:
        if file.stat().st_mtime >= before:
            return False
        file.unlink()
    except FileNotFoundError:  # its writer finished
        return False
    return True
