"""The model in this process: ONNX Runtime on the CPU, int8, one thread.

Here: tokenising, batching, running. Not here: making the files (`build`), checking their bytes (`manifest.verify`).
Importing this module costs 0.3 s (numpy, onnxruntime): only the processes that embed import it.

Measured on one thread of a two-core machine with AVX-512 VNNI: 2.2 ms for a question of 20 word pieces; for texts of 33 word
pieces 280 a second one by one, 310 in pairs, 325 in fours, 340 from eights on, however many `embed` is given. A process that has
nothing else in it takes 105 MB after opening and 125 MB in use, 50 of them the libraries.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self, cast

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from service.embedders.base import ModelUnusable, TokenVectors
from service.embedders.batches import plan_batches
from service.embedders.manifest import GRAPH, TOKENIZER, WAY_OUT, Manifest, read_manifest

Floats = NDArray[np.float32]

MAX_CHARACTERS = 4096
"""Characters handed to the tokenizer, which cuts only after having read everything; 256 word pieces are about 1,200 characters of
English, and a text with more than 16 characters to a word piece is not prose."""


class LocalEmbedder:
    """An `Embedder` over a prepared model directory. Its methods may be called from several threads at once.

    A text has the same vector whatever it is embedded with, up to the last bits of float32 (1e-6); equal calls give equal bytes.
    Against float32 weights the cosine is .9975 on average, .985 at worst (texts of one word).
    """

    def __init__(self, manifest: Manifest, tokenizer: Tokenizer, session: onnxruntime.InferenceSession) -> None:
        """Take what `open` made."""
        self.model_id = manifest.model_id
        self.dimensions = manifest.dimensions
        self._tokenizer = tokenizer
        self._session = session

    @classmethod
    def open(cls, model_dir: Path, threads: int = 1) -> Self:
        """Open a directory that `prepare_model` made; 0.1 s, 50 MB. Checks sizes, not checksums.

        Args:
            model_dir: the directory with the graph, the tokenizer and the manifest.
            threads: threads of one forward pass. Two give 1.85 times the speed where two cores are idle.

        Raises:
            ModelUnusable: there is no whole model there.
        """
        manifest = read_manifest(model_dir)
        try:
            tokenizer = Tokenizer.from_file(str(model_dir / TOKENIZER))
            session = _open_session(model_dir / GRAPH, threads)
        except Exception as error:  # both libraries raise bare Exception or errors of their own
            raise ModelUnusable(
                f"the model in {model_dir} cannot be opened ({error}); {WAY_OUT}", values={"directory": str(model_dir)}
            ) from error
        tokenizer.no_padding()
        tokenizer.enable_truncation(manifest.max_tokens)
        return cls(manifest, tokenizer, session)

    def embed(self, texts: Sequence[str]) -> Floats:
        """Embed texts, in batches of like length. See `Embedder.embed`."""
        pieces = [self._word_pieces(text) for text in texts]
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        for batch in plan_batches([len(ids) for ids in pieces]):
            vectors[batch] = self._forward([pieces[index] for index in batch])
        return vectors

    def embed_one(self, text: str) -> Floats:
        """Embed one text. See `Embedder.embed_one`."""
        return cast("Floats", self._forward([self._word_pieces(text)])[0])

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Embed the word pieces of texts. See `Embedder.embed_tokens`."""
        read = [self._encode(text) for text in texts]
        found: list[TokenVectors] = [_NOTHING] * len(texts)
        for batch in plan_batches([len(one.ids) for one in read]):
            rows = self._run("token_embeddings", [read[index].ids for index in batch])
            for index, row in zip(batch, rows, strict=True):
                pieces = slice(1, len(read[index].ids) - 1)
                lengths = np.linalg.norm(row[pieces], axis=1, keepdims=True)
                found[index] = TokenVectors(row[pieces] / np.maximum(lengths, 1e-9), tuple(read[index].offsets[pieces]))
        return found

    def _word_pieces(self, text: str) -> list[int]:
        return self._encode(text).ids

    def _encode(self, text: str) -> Encoding:
        # One by one: `encode_batch` would start a thread per core.
        return self._tokenizer.encode(text[:MAX_CHARACTERS])

    def _forward(self, batch: list[list[int]]) -> Floats:
        return self._run("sentence_embedding", batch)

    def _run(self, output: str, batch: list[list[int]]) -> Floats:
        ids = np.zeros((len(batch), max(len(row) for row in batch)), np.int64)
        mask = np.zeros_like(ids)
        for row, pieces in enumerate(batch):
            ids[row, : len(pieces)] = pieces
            mask[row, : len(pieces)] = 1
        (vectors,) = self._session.run([output], {"input_ids": ids, "attention_mask": mask})
        return cast("Floats", vectors)


_NOTHING = TokenVectors(np.zeros((0, 0), np.float32), ())


def _open_session(graph: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning threads take the core that another process of ours needs: with it two threads were slower than one.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
