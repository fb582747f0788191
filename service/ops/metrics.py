"""Every Prometheus metric of the service, in one place. What is measured is decided by the callers; how it is served is in `http`.

One class per kind of process, with names of their own, so that their texts can be put one after the other: the API process serves its own and the last one
the owner sent. Children of labelled metrics are bound once, not per call: a call affords about 10 µs here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.ops.trouble import WORDS, OwnerTrouble, Trouble

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_CALL = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.0, 2.0, 5.0, 10.0)
_WORK = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_STAGE = (0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.256, 1.0)
_ITEMS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class CallMetrics:
    """The metrics of one RPC, bound."""

    __slots__ = ("_codes", "_count", "_seconds")

    def __init__(self, count: Callable[[str], Counter], seconds: Histogram) -> None:
        self._count = count
        self._seconds = seconds
        self._codes: dict[str, Counter] = {}

    def finished(self, code: str, seconds: float) -> None:
        """Count one call that ended with a canonical gRPC code name after so many seconds."""
        counter = self._codes.get(code)
        if counter is None:
            counter = self._codes[code] = self._count(code)
        counter.inc()
        self._seconds.observe(seconds)


class ApiMetrics:
    """What the API process measures."""

    def __init__(self, registry: CollectorRegistry) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library types most of itself, not this
        ProcessCollector(registry=registry)
        self._calls = Counter("eunoe_calls", "Calls that ended, by RPC and canonical code.", ("rpc", "code"), registry=registry)
        self._call_seconds = Histogram(
            "eunoe_call_seconds", "Duration of calls, streams included.", ("rpc",), registry=registry, buckets=_CALL
        )
        self._bound: dict[str, CallMetrics] = {}
        self.commit_items = Histogram(
            "eunoe_commit_group_items", "Items that shared one write transaction.", registry=registry, buckets=_ITEMS
        )
        self.commit_seconds = Histogram(
            "eunoe_commit_seconds", "Duration of one write transaction, commit included.", registry=registry, buckets=_WORK
        )
        self.commit_queue = Gauge("eunoe_commit_queue_items", "Items that wait for a write transaction.", registry=registry)
        self.owner_restarts = Counter(
            "eunoe_owner_restarts", "Owner processes that died and were started again.", registry=registry
        )
        self._add_lags(registry)
        self._fetch_seconds = Histogram(
            "eunoe_fetch_stage_seconds", "Duration of the stages of a fetch.", ("stage",), registry=registry, buckets=_STAGE
        )
        self._fetch_stages: dict[str, Histogram] = {}
        self._registry = registry

    def _add_lags(self, registry: CollectorRegistry) -> None:
        places = ("shard", "lane")
        self.backlog = Gauge("eunoe_backlog_records", "Records accepted and not yet indexed.", ("lane",), registry=registry)
        self.oldest_record = Gauge(
            "eunoe_oldest_record_seconds",
            "Age of the oldest record accepted and not yet indexed; 0 where there is none.",
            places,
            registry=registry,
        )
        self.applied_lag = Gauge(
            "eunoe_applied_lag_records", "Records accepted whose effects are not yet committed.", places, registry=registry
        )
        self.indexed_lag = Gauge(
            "eunoe_indexed_lag_records",
            "Records whose effects are committed and not yet in the index.",
            places,
            registry=registry,
        )

    def call(self, rpc: str) -> CallMetrics:
        """The bound metrics of an RPC, named as in `MemoryService.FetchContext`; keep the result."""
        bound = self._bound.get(rpc)
        if bound is None:
            bound = CallMetrics(lambda code: self._calls.labels(rpc, code), self._call_seconds.labels(rpc))
            self._bound[rpc] = bound
        return bound

    def watch_scopes(self, statistics: Callable[[], Mapping[str, int]]) -> None:
        """Show what the scope cache counts: its `bytes` and `scopes` now, and everything else since start."""
        self._registry.register(ScopeCacheCollector(statistics))

    def fetch_stage(self, stage: str) -> Histogram:
        """The bound duration of one stage of a fetch (`wait`, `catalog`, `load`, `embed`, `rank`)."""
        seconds = self._fetch_stages.get(stage)
        if seconds is None:
            seconds = self._fetch_stages[stage] = self._fetch_seconds.labels(stage)
        return seconds


class RelayMetrics:
    """What a relay measures, beside its API process's own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.published = Counter("eunoe_published_records", "Records that this process published to Kafka.", registry=registry)
        self.lag = Gauge(
            "eunoe_published_lag_records",
            "Records accepted and not yet known to be in Kafka.",
            ("shard", "lane"),
            registry=registry,
        )
        self.is_failing = Gauge("eunoe_relay_failing", "1 while nothing can be published, else 0.", registry=registry)


class ScopeCacheCollector(Collector):
    """What the scope cache counts by itself, read whenever the metrics are asked for."""

    def __init__(self, statistics: Callable[[], Mapping[str, int]]) -> None:
        self._statistics = statistics

    def collect(self) -> Iterator[Metric]:
        """See `Collector`."""
        told = dict(self._statistics())
        yield GaugeMetricFamily("eunoe_scope_cache_bytes", "Memory of the scopes that are held.", told.pop("bytes"))
        yield GaugeMetricFamily("eunoe_scope_cache_scopes", "Scopes that are held in memory.", told.pop("scopes"))
        events = CounterMetricFamily(
            "eunoe_scope_cache_events",
            "What happened to scopes that fetches asked for: used as they were (hits), brought up to date (deltas), read (loads)...",
            labels=["event"],
        )
        for event, count in told.items():
            events.add_metric([event], count)
        yield events


class OwnerMetrics:
    """What an owner measures. An embedded one sends `exposition` of its registry to the API process now and then."""

    def __init__(self, registry: CollectorRegistry) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library types most of itself, not this
        self._applied = Counter("eunoe_applied_records", "Records whose effects were committed.", ("lane",), registry=registry)
        self.applied_realtime = self._applied.labels("realtime")
        self.applied_bootstrap = self._applied.labels("bootstrap")
        self.owned_shards = Gauge("eunoe_owned_shards", "Shards that this process owns.", registry=registry)
        self.store_seconds = Histogram(
            "eunoe_store_seconds", "Duration of the first store transaction.", registry=registry, buckets=_WORK
        )
        self.index_seconds = Histogram(
            "eunoe_index_write_seconds", "Duration of one write to the index.", registry=registry, buckets=_WORK
        )
        self.embedded_texts = Counter("eunoe_embedded_texts", "Texts that the child embedded.", registry=registry)
        self.child_restarts = Counter(
            "eunoe_child_restarts", "Child processes that died and were started again.", registry=registry
        )
        self._dead = Counter(
            "eunoe_dead_letters", "Records that were given up, by the stage that failed.", ("stage",), registry=registry
        )

    def dead_letter(self, stage: str) -> Counter:
        """The counter of records given up in a stage."""
        return self._dead.labels(stage)


def watch_trouble(registry: CollectorRegistry, owner: OwnerTrouble) -> None:
    """Show what keeps an owner from working."""
    gauge = Gauge(
        "eunoe_owner_waits", "1 where something keeps the owner from working, by what it is.", ("trouble",), registry=registry
    )
    for trouble in WORDS:
        gauge.labels(trouble.name.lower()).set_function(partial(_is_there, owner, trouble))


def _is_there(owner: OwnerTrouble, trouble: Trouble) -> float:
    return float(owner.lasting() is trouble)


def exposition(registry: CollectorRegistry) -> bytes:
    """All metrics of a registry in Prometheus' text form; texts of registries without common names may be joined."""
    return generate_latest(registry)
