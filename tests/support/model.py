"""Models for tests: the real one, built once into a cache that outlives the run, and a tiny one that builds in a moment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from service.embedders.build import PreparedModel, prepare_model
from service.embedders.source import find_source

REPOSITORY = Path(__file__).resolve().parents[2]
WIDTH, INNER, POSITIONS, LAYERS = 384, 32, 64, 1
WORDS = ["tea", "coffee", "with", "without", "milk", "sugar", "please", "the", "a", "and", "rain", "snow"]


def real_model() -> PreparedModel:
    """The default model, in `.cache/models` of this repository or where EUNOE_MODEL_CACHE_DIR says."""
    cache = Path(os.environ.get("EUNOE_MODEL_CACHE_DIR") or REPOSITORY / ".cache" / "models")
    return prepare_model(cache, None, progress=lambda _step: None)


def real_source() -> Path:
    """The directory of the default model's weights, as installed."""
    return find_source(None).directory


def write_tiny_model(directory: Path, *, seed: int = 0, config: Mapping[str, object] | None = None) -> Path:
    """Write a BERT of one layer and a dozen words with random weights, laid out like the real one; `config` overrides its own."""
    directory.mkdir(parents=True)
    settings = {
        "model_type": "bert", "hidden_size": WIDTH, "hidden_act": "gelu", "num_hidden_layers": LAYERS, "num_attention_heads": 12,
        "intermediate_size": INNER, "layer_norm_eps": 1e-12, "max_position_embeddings": POSITIONS,
    }  # fmt: skip
    (directory / "config.json").write_text(json.dumps(settings | dict(config or {})))
    _write_tokenizer(directory / "tokenizer.json")
    _write_weights(directory / "model.safetensors", seed)
    return directory


def _write_tokenizer(path: Path) -> None:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer = Tokenizer(models.WordPiece({word: number for number, word in enumerate(special + WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.save(str(path))


def _write_weights(path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    weights: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = {}

    def tensor(name: str, *shape: int) -> None:
        weights[name] = random.normal(0, 0.2, shape).astype(np.float32)

    def dense(name: str, inputs: int, outputs: int) -> None:
        tensor(f"{name}.weight", outputs, inputs)
        tensor(f"{name}.bias", outputs)

    def norm(name: str) -> None:
        tensor(f"{name}.bias", WIDTH)
        weights[f"{name}.weight"] = np.ones(WIDTH, np.float32)

    for table, rows in (("word", len(WORDS) + 4), ("position", POSITIONS), ("token_type", 2)):
        tensor(f"embeddings.{table}_embeddings.weight", rows, WIDTH)
    norm("embeddings.LayerNorm")
    for layer in (f"encoder.layer.{number}" for number in range(LAYERS)):
        for part in ("query", "key", "value"):
            dense(f"{layer}.attention.self.{part}", WIDTH, WIDTH)
        dense(f"{layer}.attention.output.dense", WIDTH, WIDTH)
        norm(f"{layer}.attention.output.LayerNorm")
        dense(f"{layer}.intermediate.dense", WIDTH, INNER)
        dense(f"{layer}.output.dense", INNER, WIDTH)
        norm(f"{layer}.output.LayerNorm")
    save_file(weights, path)
