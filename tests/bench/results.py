"""The figures on disk: one JSON line per measurement in `results/<scenario>.jsonl`, committed with the code they measure."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure, Measured
from tests.bench.machine import commit, machine

RESULTS = Path(__file__).with_name("results")


def append(figure: Figure) -> None:
    """Add a figure to its scenario's file."""
    with (RESULTS / f"{figure.scenario}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(_line(figure)) + "\n")


def _line(figure: Figure) -> dict[str, Any]:
    asked = figure.asked
    return {
        "scenario": figure.scenario,
        "value": _short(figure.value),
        "unit": asked.unit,
        "floor": _short(figure.floor),
        "ratio": _short(figure.ratio),
        "at_least": asked.at_least,
        "goal": asked.goal,
        "better": asked.better,
        "commit": commit(),
        "machine": machine(),
        "parameters": {
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "pairs": [{"run": _measured(pair.run), "floor": _measured(pair.floor)} for pair in figure.pairs],
        },
    }


def _measured(measured: Measured | None) -> dict[str, Any] | None:
    if measured is None:
        return None
    return {"value": _short(measured.value)} | {name: _short(value) for name, value in measured.details.items()}


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value
