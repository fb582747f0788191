"""The load beside a floor: one nice-10 process that embeds without end, as the service's child does while there is work."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

from service.embedders.local import LocalEmbedder
from service.pipeline.child import SLICE_TEXTS
from tests.bench.jobs import end_with_input, say, told
from tests.support.talk import utterances

NICE = 10
"""Less nice than the service's own, which is the service's choice and not the floor's."""


def _embed_forever(model_dir: Path) -> None:
    os.nice(NICE)
    embedder, said = LocalEmbedder.open(model_dir), utterances("busy")
    embedder.embed(["It is open and warm."])
    say({})
    while True:
        embedder.embed([each.content for each in islice(said, SLICE_TEXTS)])


if __name__ == "__main__":
    spec = told()
    end_with_input()
    _embed_forever(Path(spec["model_dir"]))
