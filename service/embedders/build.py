"""Makes the files that `LocalEmbedder` opens: weights → ONNX graph in int8, once, into a cache directory.

Here: the cache (where a model lies, whether it is whole, one builder at a time) and the build. The graph itself is `graph`,
where weights come from is `source`. Building takes about two seconds and 250 MB, and needs `onnx` and `safetensors`, which
nothing else does: they are imported when something is built.
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.embedders.base import ModelUnusable
from service.embedders.manifest import FORMAT, GRAPH, TOKENIZER, Manifest, read_manifest, sha256, verify, write_manifest
from service.embedders.source import PACKAGE_MODEL, Source, find_source

MAX_TOKENS = 256
"""Word pieces read of a text, [CLS] and [SEP] included; what all-MiniLM-L6-v2 says in its `sentence_bert_config.json`."""

Progress = Callable[[str], None]
"""Is told each step in words as it begins."""


@dataclass(frozen=True, slots=True)
class PreparedModel:
    """A model whose files were built and checked.

    Attributes:
        directory: what `LocalEmbedder.open` takes.
        manifest: what lies there.
        built: whether this call built it; False when it was found whole.
    """

    directory: Path
    manifest: Manifest
    built: bool

    @property
    def model_id(self) -> str:
        """The id that goes with every vector of this model."""
        return self.manifest.model_id


def model_directory(cache_dir: Path, source: Path | None) -> Path:
    """Where the model of `source` (None: the installed package) lies in the cache once it is built. Reads nothing.

    Its name bears the format: two versions of Eunoe that share a cache must not build each other's model anew in turn.
    """
    if source is None:
        return cache_dir / f"{PACKAGE_MODEL}.{FORMAT}"
    place = source.resolve()
    return cache_dir / f"{place.name}-{hashlib.sha256(os.fsencode(place)).hexdigest()[:8]}.{FORMAT}"


def prepare_model(cache_dir: Path, source: Path | None, progress: Progress) -> PreparedModel:
    """Return the model of `source`, built if the cache does not hold it whole, with every checksum compared.

    Safe at any moment: files appear under their final name only when complete, what is damaged or was built from other weights
    is built anew, and of several processes one builds while the others wait for it.

    Args:
        cache_dir: holds one directory per model; created where missing.
        source: a directory with a model of the user's own, or None for the installed package.
        progress: is told what is being done.

    Raises:
        ModelUnusable: there is no such model, or it is of a kind that cannot be served.
        OSError: the cache cannot be written.
    """
    found = find_source(source)
    directory = model_directory(cache_dir, source)
    cache_dir.mkdir(parents=True, exist_ok=True)
    with _only_builder(directory):
        weights = sha256(found.weights)
        try:
            manifest = verify(directory)
        except ModelUnusable as reason:
            if directory.exists():
                progress(f"{reason.message.partition(';')[0]}: building it anew")
        else:
            if manifest.weights_sha256 == weights:
                progress(f"model {manifest.model_id} is ready in {directory}")
                return PreparedModel(directory, manifest, built=False)
            progress("the weights have changed: building the model anew")
        manifest = _build(found, weights, directory, progress)
    progress(f"model {manifest.model_id} built in {directory}")
    return PreparedModel(directory, manifest, built=True)


def find_prepared(cache_dir: Path, source: Path | None) -> PreparedModel:
    """Return the model of `source` if the cache holds it, judged by its manifest and the sizes of its files: for every start.

    Raises:
        ModelUnusable: it was never prepared here, or is damaged.
    """
    directory = model_directory(cache_dir, source)
    return PreparedModel(directory, read_manifest(directory), built=False)


@contextmanager
def _only_builder(directory: Path) -> Iterator[None]:
    """Hold the lock beside `directory`: other processes wait. It is released by the kernel however this process ends."""
    with directory.with_name(f".{directory.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(source: Source, weights_sha256: str, directory: Path, progress: Progress) -> Manifest:
    """Build beside `directory` and put the result in its place; what a killed build left behind goes first."""
    for leftover in directory.parent.glob(f".{glob.escape(directory.name)}.building-*"):
        shutil.rmtree(leftover)
    with tempfile.TemporaryDirectory(prefix=f".{directory.name}.building-", dir=directory.parent) as temporary:
        workplace = Path(temporary) / "model"
        workplace.mkdir()
        progress(f"building the graph of {source.name} from {source.weights}")
        (workplace / GRAPH).write_bytes(_graph(source))
        shutil.copyfile(source.tokenizer, workplace / TOKENIZER)
        manifest = write_manifest(
            workplace,
            source=source.name,
            weights_sha256=weights_sha256,
            dimensions=source.shape.hidden_size,
            max_tokens=min(MAX_TOKENS, source.shape.max_positions),
        )
        if directory.exists():
            directory.rename(Path(temporary) / "replaced")
        workplace.rename(directory)
    return manifest


def _graph(source: Source) -> bytes:
    """The graph of a source as the contents of an ONNX file."""
    import numpy as np  # noqa: PLC0415 - only a build needs it here
    from safetensors import SafetensorError  # noqa: PLC0415 - only a build needs it
    from safetensors.numpy import load_file  # noqa: PLC0415

    from service.embedders.graph import sentence_encoder  # noqa: PLC0415 - imports onnx: 0.4 s

    try:
        weights = {name: tensor.astype(np.float32, copy=False) for name, tensor in load_file(source.weights).items()}
        return sentence_encoder(weights, source.shape).SerializeToString(deterministic=True)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelUnusable(
            f"the weights in {source.weights} cannot be used: {error}", values={"file": str(source.weights)}
        ) from error
