"""The floor of durability: one row into one table of a SQLite file, WAL and FULL, one transaction at a time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2

from tests.bench.figures import percentile
from tests.bench.jobs import answer_once


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """Commit `commits` rows of `row_bytes` bytes into a new file in `directory`; `p50_ms`."""
    path = Path(spec["directory"]) / f"floor-{time.monotonic_ns()}.db"
    connection = dbapi2.connect(str(path), isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, content BLOB)")
    latencies = []
    for _ in range(spec["commits"]):
        started = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO rows (content) VALUES (?)", (bytes(spec["row_bytes"]),))
        connection.execute("COMMIT")
        latencies.append(time.perf_counter() - started)
    connection.close()
    return {"p50_ms": 1000 * percentile(latencies, 0.5)}


if __name__ == "__main__":
    answer_once(main)
