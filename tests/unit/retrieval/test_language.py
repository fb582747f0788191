"""Whether a question is in the language of the embedding model."""

from __future__ import annotations

import pytest

from service.retrieval.language import is_english


@pytest.mark.parametrize(
    "text",
    ["Where does Ana live now?", "Ana sister job", "Die Hard tickets", "password reset", "", "42", "what is a mi casa poster"],
)
def test_english_and_names_read_as_english(text: str) -> None:
    """English, and what has no words of any language."""
    assert is_english(text)


@pytest.mark.parametrize(
    "text",
    [
        "¿Dónde vive Ana?",
        "Wo wohnt Ana jetzt?",
        "Où habite Ana ?",
        "Onde mora a Ana?",
        "Dove vive Ana?",
        "Waar woont Ana?",
        "Где живёт Анна?",
        "アナはどこに住んでいますか",
        "安娜住在哪里？",
        "आना कहाँ रहती है?",
        "أين تعيش آنا؟",
        "อานาอยู่ที่ไหน",
        "Spotify のパスワード",
    ],
)
def test_other_languages_do_not(text: str) -> None:
    """Another script, or function words of another language and none of English."""
    assert not is_english(text)
