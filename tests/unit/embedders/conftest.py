"""The models these tests embed with."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.embedders.local import LocalEmbedder
from tests.support.model import real_model, write_tiny_model


@pytest.fixture(scope="session")
def embedder() -> LocalEmbedder:
    """The default model."""
    return LocalEmbedder.open(real_model().directory)


@pytest.fixture
def tiny_source(tmp_path: Path) -> Path:
    """A directory with a model of the user's own."""
    return write_tiny_model(tmp_path / "tiny")
