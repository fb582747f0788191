"""What lies in a directory with a built model, and how to tell that it is whole.

A model directory holds `model.onnx`, `tokenizer.json` and `manifest.json`, which names the bytes of the other two. Here: the
manifest and the two checks of it, by size (cheap, at every start) and by checksum (`eunoe model prepare`, `eunoe doctor`). Not
here: building.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from service.embedders.base import ModelUnusable

FORMAT = 2
"""Raised when the same weights shall give another graph or be read in another way: older directories are then built anew."""

GRAPH = "model.onnx"
TOKENIZER = "tokenizer.json"
MANIFEST = "manifest.json"

WAY_OUT = "run `eunoe model prepare`"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The contents of `manifest.json`. Sizes in bytes, checksums SHA-256 in hex."""

    format: int
    source: str
    weights_sha256: str
    graph_sha256: str
    graph_size: int
    tokenizer_sha256: str
    tokenizer_size: int
    dimensions: int
    max_tokens: int

    @property
    def model_id(self) -> str:
        """Names everything a vector depends on: the graph, the tokenizer, and how much of a text is read."""
        parts = f"{self.graph_sha256} {self.tokenizer_sha256} {self.max_tokens}"
        return f"{self.source}/int8/{hashlib.sha256(parts.encode()).hexdigest()[:12]}"


def sha256(path: Path) -> str:
    """The checksum of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(directory: Path, *, source: str, weights_sha256: str, dimensions: int, max_tokens: int) -> Manifest:
    """Describe the graph and the tokenizer that lie in `directory`."""
    graph, tokenizer = directory / GRAPH, directory / TOKENIZER
    manifest = Manifest(
        format=FORMAT,
        source=source,
        weights_sha256=weights_sha256,
        graph_sha256=sha256(graph),
        graph_size=graph.stat().st_size,
        tokenizer_sha256=sha256(tokenizer),
        tokenizer_size=tokenizer.stat().st_size,
        dimensions=dimensions,
        max_tokens=max_tokens,
    )
    (directory / MANIFEST).write_text(json.dumps(asdict(manifest), indent=2) + "\n", encoding="utf-8")
    return manifest


def read_manifest(directory: Path) -> Manifest:
    """Read the manifest and compare the sizes of the files with it; the contents are not read.

    Raises:
        ModelUnusable: there is no model here, or one of another format, or a file is missing or of another size.
    """
    try:
        manifest = Manifest(**json.loads((directory / MANIFEST).read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise _unusable(directory, "holds no prepared model") from error
    except (OSError, ValueError, TypeError) as error:
        raise _unusable(directory, "has a manifest that cannot be read") from error
    if manifest.format != FORMAT:
        raise _unusable(directory, f"has the format {manifest.format}, this version of Eunoe reads {FORMAT}")
    for name, size in ((GRAPH, manifest.graph_size), (TOKENIZER, manifest.tokenizer_size)):
        file = directory / name
        if not file.is_file() or file.stat().st_size != size:
            raise _unusable(directory, f"is damaged: {name} is missing or has another size than its manifest says")
    return manifest


def verify(directory: Path) -> Manifest:
    """Like `read_manifest`, and compare the checksums too (reads 24 MB).

    Raises:
        ModelUnusable: as `read_manifest`, or a file's bytes are not those that were built.
    """
    manifest = read_manifest(directory)
    for name, expected in ((GRAPH, manifest.graph_sha256), (TOKENIZER, manifest.tokenizer_sha256)):
        if sha256(directory / name) != expected:
            raise _unusable(directory, f"is damaged: the checksum of {name} is not the one in its manifest")
    return manifest


def _unusable(directory: Path, what: str) -> ModelUnusable:
    return ModelUnusable(f"the model directory {directory} {what}; {WAY_OUT}", values={"directory": str(directory)})
