"""Building a model into the cache, on a tiny model that builds in a moment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from service.embedders.base import ModelUnusable
from service.embedders.build import find_prepared, prepare_model
from service.embedders.local import LocalEmbedder
from service.embedders.manifest import GRAPH, MANIFEST, TOKENIZER, verify
from tests.support.bert import ReferenceEncoder
from tests.support.model import write_tiny_model


def quiet(_step: str) -> None:
    """Progress that nobody watches."""


def flip_a_byte(file: Path) -> None:
    """Damage a file without changing its size."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)


def test_what_is_built_computes_what_the_weights_say(tiny_source: Path, tmp_path: Path) -> None:
    """A model of the user's own gives the vectors of its architecture."""
    embedder = LocalEmbedder.open(prepare_model(tmp_path / "cache", tiny_source, quiet).directory)
    reference = ReferenceEncoder(tiny_source)
    texts = ["tea with milk please", "snow", "the coffee without sugar and the rain"]
    for text, vector in zip(texts, embedder.embed(texts), strict=True):
        assert float(reference.embed_one(text) @ vector) >= 0.99


def test_a_whole_cache_is_used_again(tiny_source: Path, tmp_path: Path) -> None:
    """The second call builds nothing and says that the model is ready."""
    first = prepare_model(tmp_path / "cache", tiny_source, quiet)
    said: list[str] = []
    second = prepare_model(tmp_path / "cache", tiny_source, said.append)
    assert (first.built, second.built) == (True, False)
    assert second.manifest == first.manifest == find_prepared(tmp_path / "cache", tiny_source).manifest
    assert "is ready" in said[-1]


@pytest.mark.parametrize("name", [GRAPH, TOKENIZER])
def test_a_damaged_file_is_built_anew(tiny_source: Path, tmp_path: Path, name: str) -> None:
    """One flipped byte is found, the model is restored with the same id, and nothing is left lying about."""
    cache = tmp_path / "cache"
    first = prepare_model(cache, tiny_source, quiet)
    flip_a_byte(first.directory / name)
    again = prepare_model(cache, tiny_source, quiet)
    assert again.built
    assert again.model_id == first.model_id == verify(again.directory).model_id
    assert sorted(entry.name for entry in cache.iterdir() if not entry.name.endswith(".lock")) == [again.directory.name]


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"format": 1}'])
def test_a_cache_without_a_readable_manifest_is_built_anew(tiny_source: Path, tmp_path: Path, content: str | None) -> None:
    """Half a directory, whatever it holds, is not a model."""
    first = prepare_model(tmp_path / "cache", tiny_source, quiet)
    manifest = first.directory / MANIFEST
    if content is None:
        manifest.unlink()
    else:
        manifest.write_text(content)
    with pytest.raises(ModelUnusable, match="eunoe model prepare"):
        find_prepared(tmp_path / "cache", tiny_source)
    assert prepare_model(tmp_path / "cache", tiny_source, quiet).built


def test_a_truncated_graph_is_noticed_at_every_start(tiny_source: Path, tmp_path: Path) -> None:
    """The cheap check sees what a full disk leaves behind."""
    prepared = prepare_model(tmp_path / "cache", tiny_source, quiet)
    graph = prepared.directory / GRAPH
    graph.write_bytes(graph.read_bytes()[:-1])
    with pytest.raises(ModelUnusable, match="damaged"):
        LocalEmbedder.open(prepared.directory)


def test_other_weights_in_the_same_place_are_another_model(tmp_path: Path) -> None:
    """A directory whose weights were replaced is built anew, under another id."""
    source = write_tiny_model(tmp_path / "tiny")
    first = prepare_model(tmp_path / "cache", source, quiet)
    (write_tiny_model(tmp_path / "other", seed=1) / "model.safetensors").replace(source / "model.safetensors")
    second = prepare_model(tmp_path / "cache", source, quiet)
    assert second.built
    assert second.model_id != first.model_id


def test_another_format_is_built_anew(tiny_source: Path, tmp_path: Path) -> None:
    """A cache from another version of Eunoe is not misread."""
    prepared = prepare_model(tmp_path / "cache", tiny_source, quiet)
    manifest = prepared.directory / MANIFEST
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"format": 0}))
    assert prepare_model(tmp_path / "cache", tiny_source, quiet).built


def test_processes_that_build_at_once_end_with_one_whole_model(tiny_source: Path, tmp_path: Path) -> None:
    """One builds, the others find what it built."""
    program = (
        "import sys; from pathlib import Path; from service.embedders.build import prepare_model;"
        "print(prepare_model(Path(sys.argv[1]), Path(sys.argv[2]), lambda step: None).built)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "cache"), str(tiny_source)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = sorted(process.communicate(timeout=50)[0].strip() for process in processes)
    assert answers == ["False", "False", "True"]
    verify(find_prepared(tmp_path / "cache", tiny_source).directory)


def test_a_killed_build_leaves_nothing_that_lasts(tiny_source: Path, tmp_path: Path) -> None:
    """What a builder left behind is neither taken for a model nor kept."""
    cache = tmp_path / "cache"
    directory = prepare_model(cache, tiny_source, quiet).directory
    leftover = cache / f".{directory.name}.building-killed"
    directory.rename(leftover)
    assert prepare_model(cache, tiny_source, quiet).built
    assert not leftover.exists()


def test_using_a_built_model_needs_no_build_tools() -> None:
    """What starts the service imports neither onnx nor safetensors, and the cache's side not even numpy."""
    program = (
        "import sys, service.embedders.build as b; assert not {'numpy', 'onnx', 'onnxruntime'} & set(sys.modules);"
        "import service.embedders.local; assert not {'onnx', 'safetensors'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=50)


@pytest.mark.parametrize("missing", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_wrong_directory_says_what_is_missing(tiny_source: Path, tmp_path: Path, missing: str) -> None:
    """The error names the file, the directory and the setting."""
    (tiny_source / missing).unlink()
    with pytest.raises(ModelUnusable, match=missing) as caught:
        prepare_model(tmp_path / "cache", tiny_source, quiet)
    assert str(tiny_source) in caught.value.message
    assert "model.source_dir" in caught.value.message


@pytest.mark.parametrize(
    ("key", "value"),
    [("model_type", "roberta"), ("hidden_size", 768), ("hidden_act", "gelu_new"), ("position_embedding_type", "relative_key")],
)
def test_another_kind_of_model_is_refused(tmp_path: Path, key: str, value: object) -> None:
    """What the graph would compute wrongly is not built."""
    source = write_tiny_model(tmp_path / "tiny", config={key: value})
    with pytest.raises(ModelUnusable, match="cannot be used"):
        prepare_model(tmp_path / "cache", source, quiet)


def test_another_pooling_is_refused(tiny_source: Path, tmp_path: Path) -> None:
    """A model trained to be read at its first token is not averaged."""
    (tiny_source / "1_Pooling").mkdir()
    (tiny_source / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}')
    with pytest.raises(ModelUnusable, match="mean"):
        prepare_model(tmp_path / "cache", tiny_source, quiet)


@pytest.mark.parametrize("config", [{"num_hidden_layers": 2}, {"num_attention_heads": 7}, {"num_attention_heads": None}])
def test_weights_that_do_not_fit_their_configuration_are_refused(tmp_path: Path, config: dict[str, object]) -> None:
    """A configuration that does not belong to the weights is an error, not a model."""
    source = write_tiny_model(tmp_path / "tiny", config=config)
    with pytest.raises(ModelUnusable, match="cannot be used"):
        prepare_model(tmp_path / "cache", source, quiet)


def test_damaged_weights_are_refused(tiny_source: Path, tmp_path: Path) -> None:
    """A download cut short is an error that names the file, and leaves no model."""
    weights = tiny_source / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelUnusable, match=r"model\.safetensors"):
        prepare_model(tmp_path / "cache", tiny_source, quiet)
    with pytest.raises(ModelUnusable):
        find_prepared(tmp_path / "cache", tiny_source)


def test_weights_in_half_precision_are_widened(tmp_path: Path) -> None:
    """A float16 checkpoint is a checkpoint."""
    from safetensors.numpy import load_file, save_file  # noqa: PLC0415 - only this test writes weights

    source = write_tiny_model(tmp_path / "tiny")
    weights = source / "model.safetensors"
    save_file({name: tensor.astype(np.float16) for name, tensor in load_file(weights).items()}, weights)
    assert prepare_model(tmp_path / "cache", source, quiet).built
