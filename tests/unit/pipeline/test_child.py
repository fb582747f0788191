"""What the child tells its owner: it names what it begins, embeds few texts at once, and a failure is one source's."""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing import Pipe

import numpy as np
from numpy.typing import NDArray

from service.domain.instants import from_us
from service.domain.kinds import IngestionMode, Role, SourceKind, Stage
from service.domain.source import Segmented, Source
from service.pipeline.child import SLICE_TEXTS, Done, EmbedSlice, PrepareSlice, SliceDone, Started, _Worker
from tests.support.lines import HashEmbedder, LineExtractor

Told = Started | Done | SliceDone


class CountingEmbedder(HashEmbedder):
    """Notes how many texts it was given at once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `HashEmbedder.embed`."""
        self.sizes.append(len(texts))
        return super().embed(texts)


class BrokenExtractor(LineExtractor):
    """Trips over everything."""

    def extract(self, segmented: Segmented) -> object:  # type: ignore[override]
        """Raise."""
        raise LookupError(segmented.source.source_id)


def source(content: str) -> Source:
    """A user's turn."""
    return Source("0" * 32, SourceKind.MESSAGE, content, from_us(0), "", IngestionMode.FAST, role=Role.USER)


def told_about(
    task: PrepareSlice | EmbedSlice, embedder: HashEmbedder | None = None, extractor: LineExtractor | None = None
) -> list[Told]:
    """What the child tells of one slice."""
    ours, theirs = Pipe()
    _Worker(theirs, embedder or HashEmbedder(), extractor or LineExtractor()).work(task)
    theirs.close()
    told: list[Told] = []
    while True:
        try:
            told.append(ours.recv())
        except EOFError:
            ours.close()
            return told


def slice_of(*contents: str) -> PrepareSlice:
    """A slice of turns with keys from 1 on."""
    return PrepareSlice(tuple(range(1, len(contents) + 1)), tuple(source(content) for content in contents))


def test_it_names_what_it_begins() -> None:
    """Each source is named before it is read, all of them before they are embedded together, and the slice ends once."""
    told = told_about(slice_of("likes tea", "saw the sea"))

    assert [one for one in told if isinstance(one, Started)] == [
        Started((1,), Stage.EXTRACT),
        Started((2,), Stage.EXTRACT),
        Started((1, 2), Stage.EMBED),
    ]
    assert [one.key for one in told if isinstance(one, Done)] == [1, 2]
    assert told[-1] == SliceDone()


def test_it_embeds_few_texts_at_once() -> None:
    """Of a slice at most `SLICE_TEXTS` texts are embedded; the rest is left for slices of its own."""
    embedder = CountingEmbedder()
    told = told_about(slice_of(*["\n".join(f"likes tea {line}" for line in range(9))] * 3), embedder)

    done = [one for one in told if isinstance(one, Done)]
    assert embedder.sizes == [SLICE_TEXTS]
    assert [len(one.vectors) for one in done] == [10, 6, 0]
    assert all(one.prepared is not None and len(one.prepared.texts) == 10 for one in done)


def test_a_text_that_cannot_be_embedded_fails_its_source_alone() -> None:
    """When a batch cannot be embedded each source is embedded by itself, so that only the guilty one fails."""
    told = told_about(slice_of("likes tea", "fail in embed", "saw the sea"))

    done = {one.key: one for one in told if isinstance(one, Done)}
    assert sorted(done) == [1, 2, 3]
    failure = done[2].failure
    assert failure is not None and (failure.stage, failure.code) == ("embed", "VALUEERROR")
    assert done[1].failure is None and done[3].failure is None
    assert isinstance(told[-1], SliceDone)


def test_an_extractor_that_fails_costs_the_memories_only() -> None:
    """What an extractor trips over keeps its passages, beside an error of the stage."""
    (done,) = [one for one in told_about(slice_of("likes tea"), extractor=BrokenExtractor()) if isinstance(one, Done)]

    assert done.failure is None and done.prepared is not None
    assert len(done.prepared.extracted.passages) == 1 and done.prepared.extracted.observations == ()
    assert [error.stage for error in done.prepared.extracted.errors] == ["extract"]


def test_further_texts() -> None:
    """Further texts of a source are embedded in order."""
    told = told_about(EmbedSlice(7, ("a", "b")))

    vectors = HashEmbedder().embed(["a", "b"]).astype("<f2")
    assert told == [Started((7,), Stage.EMBED), Done(7, None, (vectors[0].tobytes(), vectors[1].tobytes())), SliceDone()]


def test_blank_sources_are_done() -> None:
    """A source without any text is done without being embedded, and costs its neighbours nothing."""
    told = told_about(slice_of(" ", "likes tea"))

    assert [(one.key, len(one.vectors)) for one in told if isinstance(one, Done)] == [(1, 0), (2, 2)]
