"""Stages that tests can reason about, and a child that runs them: an extractor that reads a tiny language, vectors out of a hash.

Each line of a turn that matches the language is one observation; everything else is only a passage:

    likes tea            a preference
    saw the sea          a fact
    home Porto           a fact in the slot (user, home)
    not home Porto       the end of that value
    die in extract       the process that extracts is killed
    die in embed         the process that embeds is killed
    hang in extract      the process that extracts does nothing any more
    hang in embed        the process that embeds does nothing any more
    fail in extract      the extractor raises
    fail in embed        embedding raises
    spoils the store     an observation that no database takes

It imports little, because every child of a test does.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.domain.kinds import MemoryType
from service.domain.refining import Known, Refined
from service.domain.source import Mention, Observation, Segmented, Source, StageError
from service.embedders.base import TokenVectors
from service.pipeline.child import serve

LINE = re.compile(r"(?m)^(?P<kind>likes|saw|spoils|home|not home|die in|hang in|fail in) (?P<rest>.+?)\.?$")


class LineExtractor:
    """Reads the tiny language; an `Extractor`."""

    version = "lines-1"

    def extract(self, segmented: Segmented) -> tuple[tuple[Observation, ...], tuple[StageError, ...]]:
        """One observation per line that matches."""
        found = []
        for turn in segmented.turns:
            for match in LINE.finditer(turn.text):
                if match["kind"] == "die in":
                    _die("extract", match["rest"])
                elif match["kind"] == "hang in":
                    _hang("extract", match["rest"])
                elif match["kind"] != "fail in":
                    found.append(_observation(segmented.source, turn.start, match))
                elif match["rest"] == "extract":
                    raise LookupError("this line cannot be read")
        return tuple(found), ()

    def refine(self, talk: Sequence[Segmented], known: Known) -> tuple[Refined, ...]:
        """Nothing else than at the first look."""
        del known
        return tuple(Refined(one.source.source_id, self.extract(one)[0]) for one in talk)


class HashEmbedder:
    """Makes equal vectors for equal texts; an `Embedder`."""

    model_id = "fake"
    dimensions = 384

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 (len(texts), 384), each row of unit length."""
        for text in texts:
            if "fail in embed" in text:
                raise ValueError("this text cannot be embedded")
            if "die in embed" in text:
                _die("embed", "embed")
            if "hang in embed" in text:
                _hang("embed", "embed")
        vectors = np.array([_bytes_of(text) for text in texts], dtype=np.float32).reshape(len(texts), 384) - 127.5
        scaled: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        return scaled

    def embed_one(self, text: str) -> NDArray[np.float32]:
        """float32 (384,)."""
        row: NDArray[np.float32] = self.embed([text])[0]
        return row

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """A word piece for every word."""
        spans = [tuple(match.span() for match in re.finditer(r"\S+", text)) for text in texts]
        return [TokenVectors(self.embed([text[a:b] for a, b in each]), each) for text, each in zip(texts, spans, strict=True)]


class OtherHashEmbedder(HashEmbedder):
    """Another model: other vectors for the same texts."""

    model_id = "other"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `HashEmbedder.embed`."""
        return super().embed([f"{text} in other words" for text in texts])


def _die(stage: str, wanted: str) -> None:
    if stage == wanted:
        os.kill(os.getpid(), signal.SIGKILL)


def _hang(stage: str, wanted: str) -> None:
    while stage == wanted:
        signal.pause()


def _bytes_of(text: str) -> list[int]:
    return list(hashlib.shake_128(text.encode()).digest(384))


def _observation(source: Source, offset: int, match: re.Match[str]) -> Observation:
    kind, rest = match["kind"], match["rest"]
    is_home = kind.endswith("home")
    statement = f"User {kind} {rest}"
    return Observation(
        type=MemoryType.PREFERENCE if kind == "likes" else MemoryType.FACT,
        statement=statement,
        key=statement.casefold(),
        start=offset + match.start(),
        end=offset + match.end(),
        confidence=math.nan if kind == "spoils" else 0.75,
        said_time=source.said_time,
        attribute="home" if is_home else "",
        value=rest.casefold() if is_home else "",
        polarity=-1 if kind == "not home" else 1,
        mentions=(Mention(rest, "place"),) if is_home else (),
        context=statement,
    )


def lines_child(connection: Connection, _model_dir: Path) -> None:
    """The main function of a child that reads the tiny language."""
    serve(connection, lambda: (HashEmbedder(), LineExtractor()))


def other_child(connection: Connection, _model_dir: Path) -> None:
    """The main function of a child that embeds with the other model."""
    serve(connection, lambda: (OtherHashEmbedder(), LineExtractor()))
