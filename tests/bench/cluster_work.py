"""A deployment of several processes at work: what the relay publishes, what a second worker brings, and what a bulk load leaves to others."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from service.catalog.engine import Catalog
from tests.bench.figures import Measured, Pair, percentile
from tests.bench.jobs import run_job, serving
from tests.bench.place import SHARDS, LostError, Place, nothing_missing, reach
from tests.support import sleeping
from tests.support.catalogs import scalar
from tests.support.cluster import RunningCluster

_WAITING = """
    SELECT COALESCE(SUM(h.seq - i.seq), 0) FROM log_heads h JOIN log_indexed i ON h.shard = i.shard AND h.lane = i.lane
    WHERE h.lane = 1"""
_DOCUMENTS = "SELECT count(*) FROM documents"


def relay(place: Place) -> list[Pair]:
    """Turns that the relay publishes per second, alone in a process; the floor is a bare producer that has their bytes in memory."""
    turns = place.size(20_000, 2_000)
    load: dict[str, Any] = {"warm": turns // 10, "shards": SHARDS, "bootstrap": place.parts.brokers.bootstrap}
    postgres = place.parts.postgres
    filled = postgres.create()
    run_job("outbox", catalog=postgres.url(filled), turns=turns, shards=SHARDS, tag=place.fresh("relay"))

    def floor() -> Measured:
        return _sent(run_job("floors.producer", catalog=postgres.url(filled), prefix=f"{place.fresh('bare')}.", **load))

    def run() -> Measured:
        catalog = postgres.url(postgres.create(template=filled))
        return _sent(run_job("relaying", catalog=catalog, prefix=f"{place.fresh('relay')}.", turns=turns, **load))

    return place.alternate(floor, run)


def two_workers(place: Place) -> list[Pair]:
    """Turns fully processed per second by two workers that sleep in place of embedding; the floor is one such worker."""
    turns = place.size(640, 320)

    def drained(workers: int) -> Measured:
        with place.cluster(workers, sleeping.PROGRAM) as cluster:
            spec: dict[str, Any] = {"tag": place.fresh("workers"), "turns": turns, "shards": SHARDS, "catalog": cluster.catalog}
            answer = run_job("clients.spread", instance=cluster.credentials["instance_id"], **reach(cluster), **spec)
        nothing_missing(answer)
        return Measured(answer["per_second"], {"before": answer["before"]})

    return place.alternate(lambda: drained(1), lambda: drained(2))


def beside_load(place: Place) -> list[Pair]:
    """From sending a turn to having it as an excerpt, while documents of another instance are loaded; the floor is without the load."""

    def floor() -> Measured:
        with place.cluster(1, sleeping.PROGRAM) as cluster:
            return _probed(place, cluster)

    def run() -> Measured:
        with place.cluster(1, sleeping.PROGRAM) as cluster:
            return _probed_beside(place, cluster, place.size(10_000, 1_500))

    return place.alternate(floor, run)


def _probed_beside(place: Place, cluster: RunningCluster, documents: int) -> Measured:
    load = {"tag": place.fresh("load"), "documents": documents, "admin_token": cluster.credentials["admin_token"]}
    with closing(Catalog(cluster.catalog)) as catalog:
        with serving("clients.bulk", address=cluster.address, **load) as bulk:
            found = _probed(place, cluster)
            waiting = scalar(catalog, _WAITING)
        nothing_missing(bulk)
        if scalar(catalog, _DOCUMENTS) != documents:
            raise LostError("documents that were acknowledged are missing")
    if not waiting:
        raise LostError("the load was over before the talk beside it")
    return Measured(found.value, {**found.details, "waiting": waiting})


def _probed(place: Place, cluster: RunningCluster) -> Measured:
    answer = run_job("clients.fresh", tag=place.fresh("fresh"), probes=place.size(60, 15), **reach(cluster))
    nothing_missing(answer)
    latencies = answer["latencies_ms"]
    return Measured(percentile(latencies, 0.95) / 1000, {"p50_s": percentile(latencies, 0.5) / 1000})


def _sent(answer: dict[str, Any]) -> Measured:
    nothing_missing(answer)
    return Measured(answer["per_second"], {name: value for name, value in answer.items() if name == "record_bytes"})
