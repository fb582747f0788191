"""Every scenario by name: what is asked of it, and how it is measured. A new one is a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.bench import write_path
from tests.bench.figures import Asked, Pair
from tests.bench.place import Place


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table."""

    asked: Asked
    measure: Callable[[Place], list[Pair]]


SCENARIOS: dict[str, Scenario] = {
    "record_throughput": Scenario(
        Asked("RecordMessage acknowledged per second, 64 callers", "calls/s", "higher", 0.50, 0.70), write_path.record_throughput
    ),
    "record_latency": Scenario(Asked("RecordMessage p50, one caller", "ms", "lower", 2.5, 1.6), write_path.record_latency),
    "stream_throughput": Scenario(
        Asked("StreamMessages per second, 8 streams", "messages/s", "higher", 0.40, 0.52), write_path.stream_throughput
    ),
}
