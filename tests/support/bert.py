"""The sentence encoder once more, in plain numpy and float32, text by text: what the ONNX graph is compared with."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer

Floats = NDArray[np.float32]
TABLES = ("word", "position", "token_type")

_erf = np.frompyfunc(math.erf, 1, 1)


class ReferenceEncoder:
    """Reads the same files as the build and shares no code with it."""

    def __init__(self, directory: Path) -> None:
        self._weights: dict[str, Floats] = load_file(directory / "model.safetensors")
        self._config = json.loads((directory / "config.json").read_text())
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(256)

    def embed_one(self, text: str) -> Floats:
        """The unit vector of a text."""
        ids = self._tokenizer.encode(text).ids
        words, positions, types = (self._weights[f"embeddings.{table}_embeddings.weight"] for table in TABLES)
        x = words[ids] + positions[: len(ids)] + types[0]
        x = self._norm(x, "embeddings.LayerNorm")
        for layer in range(self._config["num_hidden_layers"]):
            x = self._layer(x, f"encoder.layer.{layer}")
        mean = x.mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), np.float32)

    def _layer(self, x: Floats, name: str) -> Floats:
        attended = self._dense(self._attend(x, f"{name}.attention.self"), f"{name}.attention.output.dense")
        x = self._norm(x + attended, f"{name}.attention.output.LayerNorm")
        inner = self._dense(x, f"{name}.intermediate.dense")
        inner = inner * 0.5 * (1.0 + _erf(inner / math.sqrt(2.0)).astype(np.float32))
        return self._norm(x + self._dense(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _attend(self, x: Floats, name: str) -> Floats:
        heads = self._config["num_attention_heads"]
        query, key, value = (np.split(self._dense(x, f"{name}.{part}"), heads, axis=1) for part in ("query", "key", "value"))
        mixed = []
        for q, k, v in zip(query, key, value, strict=True):
            scores = np.exp(q @ k.T / math.sqrt(q.shape[1]))
            mixed.append(scores / scores.sum(axis=1, keepdims=True) @ v)
        return np.concatenate(mixed, axis=1)

    def _dense(self, x: Floats, name: str) -> Floats:
        return x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _norm(self, x: Floats, name: str) -> Floats:
        deviation = np.sqrt(x.var(axis=1, keepdims=True) + self._config["layer_norm_eps"])
        normal: Floats = (x - x.mean(axis=1, keepdims=True)) / deviation
        return normal * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
