"""What the local embedder promises, on the real model."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from service.embedders.base import DIMENSIONS, Embedder, ModelUnusable
from service.embedders.local import LocalEmbedder
from tests.support.bert import ReferenceEncoder
from tests.support.model import real_source

REFERENCE: dict[str, str] = json.loads((Path(__file__).parent / "reference_vectors.json").read_text(encoding="utf-8"))
MIXED = ["yes", "The train to Gdansk leaves at nine. " * 12, "I am allergic to walnuts.", "a b c " * 300, "", "Hello, Zoë!"]


def kept_vector(text: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """The float32 vector of a text as this repository keeps it (little-endian float16 in base64)."""
    return np.frombuffer(base64.b64decode(REFERENCE[text]), "<f2").astype(np.float32)


def test_it_is_an_embedder(embedder: LocalEmbedder) -> None:
    """It has what the port asks for, and names itself down to the bytes."""
    port: Embedder = embedder
    assert port.dimensions == DIMENSIONS
    assert port.model_id.startswith("all-MiniLM-L6-v2/int8/")


@pytest.mark.parametrize("text", REFERENCE)
def test_vectors_are_those_of_the_published_weights(embedder: LocalEmbedder, text: str) -> None:
    """Eight bits cost little: the vector is the float32 one up to a cosine of .98, in one word as in a paragraph."""
    assert float(embedder.embed_one(text) @ kept_vector(text)) >= 0.98


def test_the_kept_vectors_follow_from_the_weights() -> None:
    """The references are what the architecture makes of the weights, worked out a second time without ONNX."""
    text = next(iter(REFERENCE))
    assert float(ReferenceEncoder(real_source()).embed_one(text) @ kept_vector(text)) >= 0.9999


def test_a_paraphrase_is_nearer_than_something_else(embedder: LocalEmbedder) -> None:
    """Likeness is of meaning, not of words."""
    question = embedder.embed_one("What does she do for a living?")
    answer, unlike = embedder.embed(["Her job is teaching mathematics at a school.", "What does the cheese shop do on Sundays?"])
    assert float(question @ answer) > float(question @ unlike) + 0.1


def test_rows_come_in_the_order_of_the_texts_and_have_unit_length(embedder: LocalEmbedder) -> None:
    """Sorting by length for speed does not show."""
    vectors = embedder.embed(MIXED)
    assert vectors.shape == (len(MIXED), DIMENSIONS)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_a_vector_does_not_depend_on_company(embedder: LocalEmbedder) -> None:
    """Alone or padded to its neighbours, a text has the same vector, so that replaying in other batches changes no ranking."""
    together = embedder.embed(MIXED)
    alone = np.stack([embedder.embed_one(text) for text in MIXED])
    np.testing.assert_allclose(together, alone, atol=2e-6)


def test_no_texts_give_no_rows(embedder: LocalEmbedder) -> None:
    """An empty list is not an error."""
    assert embedder.embed([]).shape == (0, DIMENSIONS)


def test_the_same_call_gives_the_same_bytes(embedder: LocalEmbedder) -> None:
    """Nothing depends on what was embedded before."""
    first = embedder.embed(MIXED)
    embedder.embed_one("something else in between")
    assert embedder.embed(MIXED).tobytes() == first.tobytes()


def test_threads_may_share_it(embedder: LocalEmbedder) -> None:
    """Questions embedded at the same time get the vectors they get one after the other."""
    questions = [f"What did I say about number {number}?" for number in range(24)]
    with ThreadPoolExecutor(4) as threads:
        at_once = list(threads.map(embedder.embed_one, questions))
    assert [vector.tobytes() for vector in at_once] == [embedder.embed_one(question).tobytes() for question in questions]


def test_a_long_text_counts_by_its_head(embedder: LocalEmbedder) -> None:
    """What follows the first 256 word pieces changes nothing, however long it is."""
    head = "the ferry was late again " * 60
    expected = embedder.embed_one(head)
    for tail in ("and then it sank", "zebra " * 1000, "x" * 1_000_000):
        assert embedder.embed_one(head + tail).tobytes() == expected.tobytes()


@pytest.mark.parametrize("text", ["", " \n\t ", "\x00", "🦄🦄", "x" * 200, "\u202e\u0301"])
def test_odd_texts_have_a_vector(embedder: LocalEmbedder, text: str) -> None:
    """Empty, unprintable and unknown text is text."""
    assert np.isfinite(embedder.embed_one(text)).all()


def test_a_directory_without_a_model_says_what_to_do(tmp_path: Path) -> None:
    """The error names the directory and the command that fills it."""
    with pytest.raises(ModelUnusable, match="eunoe model prepare") as caught:
        LocalEmbedder.open(tmp_path)
    assert str(tmp_path) in caught.value.message


def test_likeness_falls_with_distance_of_meaning(embedder: LocalEmbedder) -> None:
    """Near, related, unrelated: in this order."""
    base, *others = embedder.embed(
        ["I love hiking in the mountains.", "Mountain hikes are my favourite.", "I swam last summer.", "The invoice is overdue."]
    )
    assert all(nearer > farther for nearer, farther in pairwise(float(base @ other) for other in others))
