"""The floor of asking: embedding the question, on one thread, in a process that does nothing else."""

from __future__ import annotations

import time
from itertools import islice
from pathlib import Path
from typing import Any

from service.embedders.local import LocalEmbedder
from tests.bench.figures import percentile
from tests.bench.jobs import answer_once
from tests.bench.turns import questions


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """Embed `calls` questions of a `tag` one by one after `warm` others, with the model in `model_dir`; `p50_ms`."""
    embedder = LocalEmbedder.open(Path(spec["model_dir"]))
    latencies = []
    for question in islice(questions(spec["tag"]), spec["warm"] + spec["calls"]):
        started = time.perf_counter()
        embedder.embed_one(question)
        latencies.append(time.perf_counter() - started)
    return {"p50_ms": 1000 * percentile(latencies[spec["warm"] :], 0.5)}


if __name__ == "__main__":
    answer_once(main)
