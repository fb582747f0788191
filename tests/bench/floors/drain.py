"""The floor of processing: the embedder alone, one thread, on the very texts that the service embeds for the same turns, 16 to a call."""

from __future__ import annotations

import time
from datetime import UTC
from pathlib import Path
from typing import Any

from eunoe.v1 import conversation_pb2

from service.domain.kinds import IngestionMode, Role, SourceKind
from service.domain.source import Source
from service.embedders.local import LocalEmbedder
from service.extractors.rules.extractor import RuleExtractor
from service.pipeline.child import SLICE_TEXTS
from service.pipeline.prepare import prepare
from tests.bench.jobs import answer_once
from tests.bench.turns import drained_talks


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """Embed what `turns` turns of `tag` give, with the model in `model_dir`; `per_second` turns, `cpu_ms` a turn, `texts` embedded."""
    extractor = RuleExtractor()
    turns = [turn for talk in drained_talks(spec["tag"], spec["turns"]).values() for turn in talk]
    texts = [text for turn in turns for text in prepare(_source(turn), extractor).texts]
    embedder = LocalEmbedder.open(Path(spec["model_dir"]))
    embedder.embed(texts[:SLICE_TEXTS])
    started, used = time.perf_counter(), time.process_time()
    for first in range(0, len(texts), SLICE_TEXTS):
        embedder.embed(texts[first : first + SLICE_TEXTS])
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    return {"per_second": len(turns) / seconds, "cpu_ms": 1000 * cpu / len(turns), "texts": len(texts)}


def _source(turn: conversation_pb2.MessageInput) -> Source:
    return Source(
        source_id=turn.message_id.replace("-", ""),
        kind=SourceKind.MESSAGE,
        content=turn.content,
        said_time=turn.said_time.ToDatetime(UTC),
        time_zone=turn.time_zone,
        mode=IngestionMode.FAST,
        role=Role.USER if turn.role == conversation_pb2.ROLE_USER else Role.ASSISTANT,
        speaker=turn.speaker,
    )


if __name__ == "__main__":
    answer_once(main)
