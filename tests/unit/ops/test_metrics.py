"""What the metrics promise: names that stay, and texts of two processes that can be joined."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from service.ops.metrics import ApiMetrics, OwnerMetrics, exposition


def samples(text: bytes) -> dict[tuple[str, frozenset[str]], float]:
    """Every sample by its name and label values."""
    families = text_string_to_metric_families(text.decode())
    return {(sample.name, frozenset(sample.labels.values())): sample.value for family in families for sample in family.samples}


def test_calls_are_counted_by_code_and_timed() -> None:
    """Each call adds one to its code and one observation to its RPC."""
    registry = CollectorRegistry()
    metrics = ApiMetrics(registry)
    call = metrics.call("MemoryService.FetchContext")
    call.finished("OK", 0.003)
    call.finished("OK", 0.003)
    metrics.call("MemoryService.FetchContext").finished("NOT_FOUND", 0.003)
    seen = samples(exposition(registry))
    assert seen["eunoe_calls_total", frozenset({"MemoryService.FetchContext", "OK"})] == 2
    assert seen["eunoe_calls_total", frozenset({"MemoryService.FetchContext", "NOT_FOUND"})] == 1
    assert seen["eunoe_call_seconds_count", frozenset({"MemoryService.FetchContext"})] == 3


def test_bound_children_are_the_same_every_time() -> None:
    """Asking again for a call or stage gives the same counter."""
    metrics = ApiMetrics(CollectorRegistry())
    assert metrics.fetch_stage("rank") is metrics.fetch_stage("rank")
    assert metrics.call("A.B") is metrics.call("A.B")


def test_the_scope_cache_is_shown_as_it_is() -> None:
    """What the cache holds now are gauges; everything that it counts is a counter by its name."""
    registry = CollectorRegistry()
    ApiMetrics(registry).watch_scopes(lambda: {"hits": 3, "loads": 2, "scopes": 1, "bytes": 900})
    seen = samples(exposition(registry))
    assert seen["eunoe_scope_cache_events_total", frozenset({"hits"})] == 3
    assert seen["eunoe_scope_cache_events_total", frozenset({"loads"})] == 2
    assert seen["eunoe_scope_cache_scopes", frozenset()] == 1
    assert seen["eunoe_scope_cache_bytes", frozenset()] == 900


def test_the_texts_of_both_processes_can_be_joined() -> None:
    """API and owner share no metric name, so that one page can carry both; all names are the service's own or the process's."""
    api, owner = CollectorRegistry(), CollectorRegistry()
    ApiMetrics(api)
    OwnerMetrics(owner)
    names = [
        [family.name for family in text_string_to_metric_families(exposition(registry).decode())] for registry in (api, owner)
    ]
    assert not set(names[0]) & set(names[1])
    assert all(name.startswith(("eunoe_", "process_")) for name in names[0] + names[1])
