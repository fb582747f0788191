"""Every scenario by name: what is asked of it, and how it is measured. A new one is a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.bench import cluster_fetch, cluster_work, fetch_path, footprint, worker, write_path
from tests.bench.figures import Asked, Pair
from tests.bench.place import Place


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table."""

    asked: Asked
    measure: Callable[[Place], list[Pair]]


RECORD = "RecordMessage acknowledged per second, 64 callers"

SCENARIOS: dict[str, Scenario] = {
    "record_throughput": Scenario(Asked(RECORD, "calls/s", "higher", 0.50, 0.70), write_path.record_throughput),
    "record_latency": Scenario(Asked("RecordMessage p50, one caller", "ms", "lower", 2.5, 1.6), write_path.record_latency),
    "stream_throughput": Scenario(
        Asked("StreamMessages per second, 8 streams", "messages/s", "higher", 0.40, 0.52), write_path.stream_throughput
    ),
    "fetch_warm": Scenario(Asked("FetchContext p50, warm scope of 600 turns", "ms", "lower", 2.0, 1.3), fetch_path.warm),
    "fetch_alternating": Scenario(
        Asked("the same, alternating with RecordMessage into it", "ms", "lower", 2.5, 1.5), fetch_path.alternating
    ),
    "fetch_cold_5k": Scenario(Asked("the same, cold, table of 5,000 rows", "ms", "lower", 2.0, 1.5), fetch_path.cold_small),
    "fetch_cold_100k": Scenario(Asked("the same, cold, table of 100,000 rows", "ms", "lower", 2.0, 1.5), fetch_path.cold_large),
    "freshness": Scenario(
        Asked("message to excerpt in FetchContext, p95, 20 messages/s beside", "s", "lower", 0.2, 0.05), worker.freshness
    ),
    "drain": Scenario(Asked("short messages fully processed per second", "messages/s", "higher", 0.75, 0.95), worker.drain),
    "ingest_cpu": Scenario(
        Asked("CPU of all processes for a short turn, recorded and processed", "ms", "lower", 4.0, 2.5), worker.ingest_cpu
    ),
    "memory": Scenario(Asked("peak memory of all processes, demo", "MB", "lower", 900, 600), footprint.memory),
    "start": Scenario(Asked("start to healthy", "s", "lower", 4.0, 1.5), footprint.start),
}
"""Of `eunoe up`: `make bench`, and the table in the README."""

CLUSTER: dict[str, Scenario] = {
    "cluster_record": Scenario(Asked(f"{RECORD}, on PostgreSQL", "calls/s", "higher", 0.70, 0.90), write_path.record_on_postgres),
    "cluster_relay": Scenario(
        Asked("records relayed to Kafka per second", "records/s", "higher", 0.40, 0.60), cluster_work.relay
    ),
    "cluster_workers": Scenario(
        Asked("turns processed per second by 2 workers, against 1, embedder asleep", "turns/s", "higher", 1.8, 1.95),
        cluster_work.two_workers,
    ),
    "cluster_fairness": Scenario(
        Asked("message to excerpt, p95, while 10,000 documents of another are loaded", "s", "lower", 2.0, 1.3),
        cluster_work.beside_load,
    ),
    "cluster_fetch_warm": Scenario(
        Asked("FetchContext p50, warm, index on the object store", "ms", "lower", 1.1, 1.05), cluster_fetch.warm_on_s3
    ),
    "cluster_fetch_cold": Scenario(
        Asked("the same, cold, on PostgreSQL, 250,000 rows in 500 scopes, against 10,000 in 20", "ms", "lower", 1.6, 1.3),
        cluster_fetch.cold_among_many,
    ),
}
"""Of several processes on PostgreSQL, Kafka and an object store: `make bench-cluster`."""

ALL = SCENARIOS | CLUSTER
