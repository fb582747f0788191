"""The child process: parsing, rules and embedding, and nothing else. It opens neither catalog nor index nor network.

It is niced, because it uses a whole core whenever there is work, and it ends when its pipe to the owner closes. A thread reads the pipe
all the time, so that the owner's sends never wait for a model. Before each piece of work it names it: its death then counts for that
piece alone.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from service.domain.kinds import Stage
from service.domain.refining import Session
from service.domain.source import Embedded, Source, StageError
from service.pipeline.prepare import Changed, Prepared, StageFailedError, embed_texts, prepare, refine, reread
from service.pipeline.priority import CHILD_SLICE, step_back

if TYPE_CHECKING:
    from service.embedders.base import Embedder
    from service.extractors.base import Extractor

SLICE_TEXTS = 16
"""Texts embedded in one go; whatever comes next waits for no more than these."""


@dataclass(frozen=True, slots=True)
class PrepareSlice:
    """Run all stages on some sources; `keys` run parallel to them."""

    keys: tuple[int, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class EmbedSlice:
    """Embed further texts of one source."""

    key: int
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefineSlice:
    """Read sources again: a session at a second look, or each by itself as at the first."""

    key: int
    session: Session
    is_first_look: bool = False


@dataclass(frozen=True, slots=True)
class RefineDone:
    """The sources that now say something else, ready for the store step."""

    key: int
    changed: tuple[Embedded, ...]
    failure: StageError | None = None


Task = PrepareSlice | EmbedSlice | RefineSlice


@dataclass(frozen=True, slots=True)
class Started:
    """The child begins to work on something; embedding works on several sources at once."""

    keys: tuple[int, ...]
    stage: Stage


@dataclass(frozen=True, slots=True)
class Done:
    """One source is prepared, its first texts are embedded; `failure` says which stage could not do its work."""

    key: int
    prepared: Prepared | None
    vectors: tuple[bytes, ...]
    failure: StageError | None = None


@dataclass(frozen=True, slots=True)
class SliceDone:
    """The child is free for the next slice."""


def run_child(connection: Connection, model_dir: Path) -> None:
    """The child's main function: the default extractor, and the model of a directory."""
    serve(connection, lambda: _open_stages(model_dir))


def _open_stages(model_dir: Path) -> tuple[Embedder, Extractor]:
    from service.embedders.local import LocalEmbedder  # noqa: PLC0415 - after the reader runs: loading takes its time
    from service.extractors.rules.extractor import RuleExtractor  # noqa: PLC0415

    return LocalEmbedder.open(model_dir), RuleExtractor()


def serve(connection: Connection, open_stages: Callable[[], tuple[Embedder, Extractor]]) -> None:
    """Work on what the owner sends, with the stages that are opened here; never returns, ends when the owner is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for the service; the child ends with its pipe
    step_back(CHILD_SLICE)
    work: queue.SimpleQueue[Task] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(connection, work), daemon=True).start()
    embedder, extractor = open_stages()
    worker = _Worker(connection, embedder, extractor)
    while True:
        worker.work(work.get())


def _read(connection: Connection, work: queue.SimpleQueue[Task]) -> None:
    while True:
        try:
            work.put(connection.recv())
        except (EOFError, OSError):
            os._exit(0)  # the owner is gone: whatever is half done is worthless


class _Worker:
    def __init__(self, connection: Connection, embedder: Embedder, extractor: Extractor) -> None:
        self._connection = connection
        self._embedder = embedder
        self._extractor = extractor

    def work(self, task: Task) -> None:
        if isinstance(task, PrepareSlice):
            self._prepare(task)
        elif isinstance(task, RefineSlice):
            self._refine(task)
        else:
            self._embed_more(task)
        self._connection.send(SliceDone())

    def _prepare(self, task: PrepareSlice) -> None:
        ready: list[tuple[int, Prepared]] = []
        for key, source in zip(task.keys, task.sources, strict=True):
            self._connection.send(Started((key,), Stage.EXTRACT))
            try:
                ready.append((key, prepare(source, self._extractor)))
            except StageFailedError as failed:
                self._connection.send(Done(key, None, (), failed.error))
        if ready:
            self._embed_first(ready)

    def _refine(self, task: RefineSlice) -> None:
        self._connection.send(Started((task.key,), Stage.EXTRACT))
        try:
            read = reread if task.is_first_look else refine
            changed = [self._embed_changed(task.key, found) for found in read(task.session, self._extractor)]
        except StageFailedError as failed:
            self._connection.send(RefineDone(task.key, (), failed.error))
        else:
            self._connection.send(RefineDone(task.key, tuple(changed)))

    def _embed_changed(self, key: int, found: Changed) -> Embedded:
        vectors: list[bytes] = []
        texts = found.prepared.statements
        for at in range(0, len(texts), SLICE_TEXTS):
            self._connection.send(Started((key,), Stage.EMBED))
            vectors += embed_texts(texts[at : at + SLICE_TEXTS], self._embedder)
        return found.finished(vectors)

    def _embed_first(self, ready: Sequence[tuple[int, Prepared]]) -> None:
        """Embed up to `SLICE_TEXTS` of the slice in one batch; what is left comes back as `EmbedSlice`s."""
        budget, texts, counts = SLICE_TEXTS, [], []
        for _, prepared in ready:
            head = prepared.texts[:budget]
            budget -= len(head)
            counts.append(len(head))
            texts += head
        self._connection.send(Started(tuple(key for key, _ in ready), Stage.EMBED))
        try:
            vectors = embed_texts(texts, self._embedder)
        except StageFailedError as failed:
            if len(ready) == 1:
                self._connection.send(Done(ready[0][0], None, (), failed.error))
                return
            for one in ready:  # whose fault it is shows when each is embedded by itself
                self._embed_first([one])
            return
        at = 0
        for (key, prepared), count in zip(ready, counts, strict=True):
            self._connection.send(Done(key, prepared, tuple(vectors[at : at + count])))
            at += count

    def _embed_more(self, task: EmbedSlice) -> None:
        self._connection.send(Started((task.key,), Stage.EMBED))
        try:
            vectors = embed_texts(task.texts, self._embedder)
        except StageFailedError as failed:
            self._connection.send(Done(task.key, None, (), failed.error))
        else:
            self._connection.send(Done(task.key, None, tuple(vectors)))
