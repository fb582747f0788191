"""The worker: how soon a turn can be found, how many are processed per second, and what CPU one takes."""

from __future__ import annotations

from typing import Any

from tests.bench.figures import Measured, Pair, percentile
from tests.bench.jobs import run_job, serving
from tests.bench.place import Place, nothing_missing
from tests.support.service import RunningService

BACKGROUND_PER_SECOND = 20


def freshness(place: Place) -> list[Pair]:
    """From sending a turn to having it as an excerpt, with 20 others a second in the background."""
    with place.service() as service:
        return [Pair(_probe(place, service)) for _ in range(place.pairs)]


def drain(place: Place) -> list[Pair]:
    """Short turns fully processed per second, nothing else going on; the floor is the embedder alone on the same texts."""
    turns = place.size(2000, 160)

    def floor() -> Measured:
        spec: dict[str, Any] = {"tag": place.fresh("drain"), "turns": turns, "model_dir": str(place.model_dir)}
        answer = run_job("floors.drain", **spec)
        return Measured(answer["per_second"], {"texts": answer["texts"]})

    def run() -> Measured:
        with place.service() as service:
            spec: dict[str, Any] = {"tag": place.fresh("drain"), "turns": turns}
            answer = run_job("clients.drain", address=service.address, key=service.credentials["api_key"], **spec)
        nothing_missing(answer)
        return Measured(answer["per_second"], {"before": answer["before"]})

    return place.alternate(floor, run)


def ingest_cpu(place: Place) -> list[Pair]:
    """CPU of all processes of the service for a short turn, from its recording to its end; the floor is the embedder's on the same texts."""
    turns = place.size(2000, 160)

    def floor() -> Measured:
        spec: dict[str, Any] = {"tag": place.fresh("cpu"), "turns": turns, "model_dir": str(place.model_dir)}
        answer = run_job("floors.drain", **spec)
        return Measured(answer["cpu_ms"], {"texts": answer["texts"]})

    def run() -> Measured:
        with place.service() as service:
            before = _cpu_of(service)
            spec: dict[str, Any] = {"tag": place.fresh("cpu"), "turns": turns}
            answer = run_job("clients.drain", address=service.address, key=service.credentials["api_key"], **spec)
            used = {name: 1000 * (after - before[name]) / turns for name, after in _cpu_of(service).items()}
        nothing_missing(answer)
        return Measured(sum(used.values()), {f"{name}_ms": each for name, each in used.items()})

    return place.alternate(floor, run)


def _cpu_of(service: RunningService) -> dict[str, float]:
    return {"api": service.api.cpu_seconds, "owner": service.owner.cpu_seconds, "child": service.child.cpu_seconds}


def _probe(place: Place, service: RunningService) -> Measured:
    reach: dict[str, Any] = {"address": service.address, "key": service.credentials["api_key"]}
    with serving("clients.background", tag=place.fresh("background"), per_second=BACKGROUND_PER_SECOND, **reach) as background:
        answer = run_job("clients.fresh", tag=place.fresh("fresh"), probes=place.size(100, 15), **reach)
    nothing_missing(answer)
    nothing_missing(background)
    latencies = answer["latencies_ms"]
    return Measured(percentile(latencies, 0.95) / 1000, {"p50_s": percentile(latencies, 0.5) / 1000, "sent": background["sent"]})
