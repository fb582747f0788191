"""Whether a question is in the language that the embedding model was trained on: English.

What lives here: a judgement by script and by function words, for a few words of text in microseconds.
What does not: which other language it is; nothing here needs to know.
"""

from __future__ import annotations

import re

from service.retrieval.stopwords import STOP_WORDS
from service.retrieval.terms import fold

_LETTERS = re.compile(r"[^\W\d_]+")
_LATIN = re.compile("[a-z\u00df-\u024f]+")

_SPANISH = (
    "el la los las un una de del al en con por para y o que como donde cuando "
    "cual quien es son esta estan fue era soy tengo tiene mi mis su sus se lo le yo"
)
_FRENCH = (
    "le la les un une des du de au aux en avec pour par et ou que qui comment "
    "quand quel quelle est sont etait suis ai je mon ma mes son sa ses se ce il elle nous"
)
_GERMAN = (
    "der das den dem ein eine einen einem von zu mit fur und oder dass wie wo "
    "wann wer welche welcher ist sind war ich mein meine meinen sein ihr wir nicht hat habe"
)
_PORTUGUESE = (
    "o os as um uma de do da dos em no na nos nas com por para e ou "
    "que como onde quando qual quem sao esta foi era eu meu minha meus seu sua se nao tem tenho"
)
_ITALIAN = (
    "il lo gli le un una di del della dei in con per e o che come "
    "dove quando quale chi sono era ho mio mia miei suo sua si non nel nella al"
)
_DUTCH = "de het een van met voor en of dat hoe waar wanneer wie welke zijn ik mijn zij wij niet heeft heb naar"

_FOREIGN = frozenset(" ".join((_SPANISH, _FRENCH, _GERMAN, _PORTUGUESE, _ITALIAN, _DUTCH)).split()) - STOP_WORDS
_ENGLISH = STOP_WORDS - frozenset("a me no on in do am was as an so us he".split())
"""Without words that others have too."""
_MARKED = 2
"""Foreign function words from which on a text without an English one is foreign; of a text of at most four words one is enough."""


def is_english(text: str) -> bool:
    """Whether a text reads as English; a text without words of any language (names, numbers) does."""
    words = _LETTERS.findall(fold(text))
    latin = [word for word in words if _LATIN.fullmatch(word)]
    if sum(map(len, latin)) * 3 < sum(map(len, words)) * 2:  # a third of the letters is of another script
        return False
    english = sum(word in _ENGLISH for word in latin)
    foreign = sum(word in _FOREIGN for word in latin)
    return foreign <= english or (foreign < _MARKED and len(latin) > 4)
