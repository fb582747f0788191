"""`python -m tests.support.sleeping work ...`: `eunoe work` with an embedder that sleeps in place of the model.

Two cores cannot show what more workers do, for one model fills a core; what sleeps does not. No setting of the service leads here.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from service.commands.options import Chosen, process_options, run, settings_options
from service.embedders.base import DIMENSIONS, TokenVectors
from service.ops.environment import set_defaults
from service.pipeline.child import serve
from service.settings import Settings

PROGRAM = ("-m", "tests.support.sleeping")
SECONDS = 0.005
"""For a text."""


class SleepingEmbedder:
    """An `Embedder` whose vectors mean nothing: each text's own, always the same."""

    model_id = "sleeping"
    dimensions = DIMENSIONS

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder.embed`."""
        time.sleep(SECONDS * len(texts))
        return np.array([_vector(text) for text in texts], np.float32).reshape(len(texts), DIMENSIONS)

    def embed_one(self, text: str) -> NDArray[np.float32]:
        """See `Embedder.embed_one`."""
        vector: NDArray[np.float32] = self.embed([text])[0]
        return vector

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """See `Embedder.embed_tokens`: no worker asks for it."""
        raise NotImplementedError


def run_child(connection: Connection, _model_dir: Path) -> None:
    """The main function of the process that reads and embeds."""
    from service.extractors.rules.extractor import RuleExtractor  # noqa: PLC0415 - as the service's own child does

    serve(connection, lambda: (SleepingEmbedder(), RuleExtractor()))


def _vector(text: str) -> NDArray[np.float32]:
    seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
    vector = np.random.default_rng(seed).standard_normal(DIMENSIONS, np.float32)
    return vector / np.linalg.norm(vector)


def _worker() -> Callable[[Settings], int]:
    from service.bootstrap.work import run_worker  # noqa: PLC0415 - the child, which imports this file again, must not pay for it

    return partial(run_worker, child=run_child)


@click.command()
@click.argument("command", type=click.Choice(["work"]))
@settings_options
@process_options
def main(command: str, chosen: Chosen, **flags: str | None) -> None:  # noqa: ARG001 - it is the only one
    """A worker that sleeps where it would embed."""
    run(chosen, flags, _worker)


if __name__ == "__main__":
    set_defaults()
    main()
