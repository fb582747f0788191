"""A worker before its operator mended it: its extractor finds nothing, and a word kills the process that reads it."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

from service.__main__ import main as service_main
from service.bootstrap import work
from service.domain.refining import Known, Refined
from service.domain.source import Observation, Segmented, StageError
from service.embedders.local import LocalEmbedder
from service.pipeline.child import serve

PROGRAM = ("-c", "from tests.support.former import main; main()")
"""What Python runs to be one, with the arguments of `eunoe`."""
DEADLY = "deadly"
VERSION = "rules-0"


class FormerExtractor:
    """Finds nothing; an `Extractor`."""

    version = VERSION

    def extract(self, segmented: Segmented) -> tuple[tuple[Observation, ...], tuple[StageError, ...]]:
        """Nothing."""
        del segmented
        return (), ()

    def refine(self, talk: Sequence[Segmented], known: Known) -> tuple[Refined, ...]:
        """Nothing."""
        del talk, known
        return ()


class MortalEmbedder(LocalEmbedder):
    """The model of this deployment, in a process that dies of a word."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Embedder.embed`."""
        if any(DEADLY in text for text in texts):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().embed(texts)


def child(connection: Connection, model_dir: Path) -> None:
    """The main function of its child."""
    serve(connection, lambda: (MortalEmbedder.open(model_dir), FormerExtractor()))


def main() -> None:
    """Be `eunoe`, with this child for every worker."""
    work.run_worker = partial(work.run_worker, child=child)
    work.rules = SimpleNamespace(VERSION=VERSION)  # type: ignore[attr-defined, assignment]
    service_main()
