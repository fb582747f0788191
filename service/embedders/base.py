"""The port of the embedders: what the pipeline and the search may rely on, whichever model answers.

Here: the Protocol, the width of a vector, the one error. Not here: any model, and nothing that costs time to import.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from service.domain.errors import EunoeError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIMENSIONS = 384
"""The width of every vector. The catalog and the index have columns of this width, so that another one is another deployment."""


class ModelUnusable(EunoeError):
    """The model's files are missing, damaged or not of a kind that can be served; the message says which, and what to do."""

    default_reason = "MODEL_UNUSABLE"


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """A text as the model reads it, word piece by word piece; the marks of beginning and end are left out."""

    vectors: NDArray[np.float32]
    """(word pieces, dimensions), each of unit length."""
    spans: tuple[tuple[int, int], ...]
    """Where each word piece stands in the text, in characters."""


class Embedder(Protocol):
    """Turns texts into vectors whose dot product is their likeness.

    Vectors of different `model_id` must never be compared: whoever stores vectors stores the id with them.
    """

    @property
    def model_id(self) -> str:
        """What made the vectors, down to the bytes: `all-MiniLM-L6-v2/int8/0123456789ab`. Equal ids, comparable vectors."""

    @property
    def dimensions(self) -> int:
        """The width of a vector."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts of any length; of a long one the head counts, as far as the model reads.

        Returns:
            float32 (len(texts), dimensions), each row of unit length, in the order of the texts.
        """

    def embed_one(self, text: str) -> NDArray[np.float32]:
        """Embed one text: float32 (dimensions,), of unit length."""

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Embed the word pieces of texts, each in its context; of a long text those of the head, as far as the model reads."""
