"""In which language a turn is written: small words decide, and where they speak for another language than English, a library has its say.

Only the six languages that the rules read matter; everything else is the empty string. English turns, and turns without any small word,
never wake the library: it takes a second to load.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_SMALL_WORDS: dict[str, frozenset[str]] = {
    code: frozenset(words.split())
    for code, words in {
        "en": "the and is are was i i'm im i've you my it that this of to in on for with have has had not but be at we they she he do does did what how "
        "can will would your me so if or as from about there don't doesn't didn't it's that's really just got our his her him them been no yes by up out",
        "es": "el la los las y es no yo en una un por con mi mis pero para que de se lo me te le está estoy soy tengo muy más como cuando porque ya al del su "
        "sí hay este esta eso nos les donde también hasta desde he ha vivo trabajo gusta",
        "fr": "le la les et est je nous pas une des un pour avec dans mon ma mes que qui sur au aux du ce cette il elle on ne suis ai c'est j'ai "
        "très mais ou où "
        "plus bien se sa son ses leur y en de tu vous moi",
        "de": "der die das und ist nicht ich wir in an so mit ein eine den dem zu auf auch noch bei sie er es im am von für mein meine mir mich kein keine "
        "aber oder wie "
        "was hat habe haben bin sind war wird nur schon sehr dann wenn weil dass nach aus um so zum zur uns nen",
        "pt": "o a os as e é não nao uma um com meu minha que de do da dos das em no na nos nas para por se mais muito mas eu você ele ela são "
        "sou estou tenho ao "
        "aos à às isso este esta também já meus minhas foi pelo pela só até quando",
        "it": "il lo la gli le che sono non ho di per mia mio è e un una con del della dei al alla nel nella più ma anche mi ti ci si come quando "
        "perché io tu lui "
        "lei noi da dal dalla questo questa molto ha abbiamo miei",
    }.items()
}
_OTHER_SMALL_WORDS = frozenset(
    """ik een het mijn niet van met zijn voor naar hij zij wij jij ook maar heb hebben ben jag och att är inte det som på med har jeg og ikke på er et af
    til nie się jest na mam jak że czy jsem je že bir ve bu için ben çok și este sunt cu nu în pe yang dan di saya untuk tidak az egy és nem hogy vagyok
    on ja ei olen että minun với và là của tôi không amb els les que dels som però sóc u na""".split()
) - frozenset().union(*_SMALL_WORDS.values())
"""Small words of languages that are not read."""
_OTHERS_MOST = 1 / 3
"""Share of letters outside Latin script above which a turn is none of the six."""
_FEWEST_WORDS = 4
"""Words from which on the library knows more than the small words."""
_FEWEST_VOTES = 12
"""One word in so many must be a small word of another language, or a long turn is English with a foreign name in it."""
_SPELLED = 4
"""So many single letters are a word being spelled, not small words."""
_SURE = 0.9
_BELIEVED = 0.6


def language_of(text: str, words: frozenset[str]) -> str:
    """The code of a turn's language: en, es, fr, de, pt, it, or nothing for any other.

    Args:
        text: the turn.
        words: its words in lower case.
    """
    if not text.isascii() and _is_foreign_script(text):
        return ""
    letters = {word for word in words if len(word) == 1}
    words = words - letters if len(letters) >= _SPELLED else words
    votes = {code: len(words & small) for code, small in _SMALL_WORDS.items()}
    most = max(votes[code] for code in votes if code != "en")
    if len(words & _OTHER_SMALL_WORDS) > max(1, max(votes.values()) - 1):
        return ""
    tied = [code for code in votes if code != "en" and votes[code] == most]
    if most < len(words) / _FEWEST_VOTES or not any(_speaks_against_english(words, code) for code in tied):
        return "en"
    if len(words) < _FEWEST_WORDS and len(tied) == 1:
        return tied[0]
    return _settled(text, tied)


def _speaks_against_english(words: frozenset[str], code: str) -> bool:
    """Whether more words are of that language alone than of English alone."""
    small, english = _SMALL_WORDS[code], _SMALL_WORDS["en"]
    return len(words & (small - english)) > len(words & (english - small))


def _settled(text: str, tied: list[str]) -> str:
    code, probability = _identifier().classify(text[:1000])
    best = tied[0]
    if code in tied:
        return str(code)
    if code == best or (code in _SMALL_WORDS and code != "en" and probability >= _BELIEVED):
        return str(code)
    return best if probability < _SURE or code == "gl" else ""


def _is_foreign_script(text: str) -> bool:
    letters = [character for character in text[:2000] if character.isalpha()]
    return sum(character > "\u024f" for character in letters) > len(letters) * _OTHERS_MOST


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - a second to load, which English talk never needs

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
