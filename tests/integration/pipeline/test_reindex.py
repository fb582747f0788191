"""Another model: every text is embedded again, also what is hidden now; until that is done no model counts as the deployment's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from service.catalog.deployment import Deployment, load_deployment
from service.catalog.engine import Catalog
from service.pipeline.reindex import change_model
from tests.support.catalogs import document, message, record, rows, scalar
from tests.support.lines import HashEmbedder
from tests.support.stages import HandOwner


class OtherEmbedder(HashEmbedder):
    """Another model, which can give up after some texts."""

    model_id = "other"

    def __init__(self, most: int = 1_000) -> None:
        """Embed so many texts."""
        self.left = most

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `HashEmbedder.embed`."""
        self.left -= len(texts)
        if self.left < 0:
            raise KeyboardInterrupt
        return super().embed([f"{text} in other words" for text in texts])


def _deployment(catalog: Catalog) -> Deployment:
    with catalog.read() as connection:
        found = load_deployment(connection)
    assert found is not None
    return found


def _change(catalog: Catalog, embedder: OtherEmbedder) -> None:
    change_model(catalog, _deployment(catalog), embedder, embedder.model_id, lambda *_: None)


@pytest.fixture
def former(catalog: Catalog) -> set[bytes]:
    """The vectors of a catalog with memories, excerpts, and an excerpt hidden behind the turn it repeats."""
    record(catalog, message("likes tea"), message("saw the sea"), document("likes tea", document_id="d"))
    HandOwner(catalog).work()
    return {row[0] for row in rows(catalog, "SELECT vector FROM items UNION SELECT vector FROM observations")}


def test_every_vector_is_made_anew(catalog: Catalog, former: set[bytes]) -> None:
    """Nothing keeps a vector of the former model; a hidden excerpt would bring it back when it is shown again."""
    assert scalar(catalog, "SELECT count(*) FROM items WHERE is_live = 0 AND deleted_time IS NULL") == 1

    _change(catalog, OtherEmbedder())

    now = {row[0] for row in rows(catalog, "SELECT vector FROM items UNION SELECT vector FROM observations")}
    assert not now & former
    assert (_deployment(catalog).model_id, _deployment(catalog).generation) == ("other", 2)


@pytest.mark.usefixtures("former")
def test_an_interrupted_change_leaves_no_model(catalog: Catalog) -> None:
    """While vectors are of two models the deployment is of neither, so that no service starts; doing it again finishes it."""
    with pytest.raises(KeyboardInterrupt):
        _change(catalog, OtherEmbedder(most=5))
    assert _deployment(catalog).model_id not in {"fake", "other"}

    _change(catalog, OtherEmbedder())

    assert _deployment(catalog).model_id == "other"
