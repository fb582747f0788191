"""The write path: acknowledged and durable, with the worker at work and a backlog that grows."""

from __future__ import annotations

from tests.bench.figures import Measured, Pair
from tests.bench.jobs import run_job
from tests.bench.place import Place, nothing_missing


def record_throughput(place: Place) -> list[Pair]:
    """`RecordMessage` by 64 callers, each into its own conversation."""

    def floor() -> Measured:
        with place.echo(is_beside_work=True) as address:
            return _record(place, address, "")

    def run() -> Measured:
        with place.service() as service:
            return _record(place, service.address, service.credentials["api_key"])

    return place.alternate(floor, run)


def record_on_postgres(place: Place) -> list[Pair]:
    """The same to a deployment on PostgreSQL and Kafka, its worker working; the floor is the embedded service."""

    def floor() -> Measured:
        with place.service() as service:
            return _record(place, service.address, service.credentials["api_key"])

    def run() -> Measured:
        with place.cluster() as cluster:
            return _record(place, cluster.address, cluster.credentials["api_key"])

    return place.alternate(floor, run)


def _record(place: Place, address: str, key: str) -> Measured:
    load = {"callers": 64, "calls": place.size(200, 20), "warm": place.size(20, 4)}
    return _per_second(run_job("clients.unary", address=address, key=key, tag=place.fresh("record"), **load))


def record_latency(place: Place) -> list[Pair]:
    """`RecordMessage` by one caller: the median call."""
    load = {"callers": 1, "calls": place.size(1500, 150), "warm": place.size(200, 20)}

    def floor() -> Measured:
        with place.echo(is_beside_work=True) as address:
            echo = run_job("clients.unary", address=address, key="", tag=place.fresh("echo"), **load)
            row = {"row_bytes": echo["request_bytes"], "commits": place.size(1000, 100)}
            commit = run_job("floors.commit", directory=str(place.directory), **row)
        return Measured(echo["p50_ms"] + commit["p50_ms"], {"echo_p50_ms": echo["p50_ms"], "commit_p50_ms": commit["p50_ms"]})

    def run() -> Measured:
        with place.service() as service:
            key = service.credentials["api_key"]
            answer = run_job("clients.unary", address=service.address, key=key, tag=place.fresh("record"), **load)
        nothing_missing(answer)
        return Measured(answer["p50_ms"], {"p95_ms": answer["p95_ms"], "p99_ms": answer["p99_ms"]})

    return place.alternate(floor, run)


def stream_throughput(place: Place) -> list[Pair]:
    """`StreamMessages` by 8 streams, each into its own conversation."""
    load = {"streams": 8, "items": place.size(4000, 300), "warm": place.size(200, 20)}

    def floor() -> Measured:
        with place.echo(is_beside_work=True) as address:
            return _per_second(run_job("clients.stream", address=address, key="", tag=place.fresh("sink"), **load))

    def run() -> Measured:
        with place.service() as service:
            key = service.credentials["api_key"]
            return _per_second(run_job("clients.stream", address=service.address, key=key, tag=place.fresh("stream"), **load))

    return place.alternate(floor, run)


def _per_second(answer: dict[str, float]) -> Measured:
    nothing_missing(dict(answer))
    return Measured(
        answer["per_second"], {name: value for name, value in answer.items() if name not in {"per_second", "missing"}}
    )
