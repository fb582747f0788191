"""Names of the people who speak: learning them from speakers, finding them in a question, taking them out of it.

What lives here: everything about participants' names. A sentence encoder's mean vector is swamped by a name that stands before half of
the turns, so the embedded question goes without (dense recall@10 rises from 42 to 62: retrieval study, section 3).
What does not: names of people who are only talked about; they are words like others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from service.retrieval.stopwords import STOP_WORDS
from service.retrieval.terms import analyse, fold

_LABELS = frozenset(
    "user assistant human ai bot system agent customer client speaker caller operator unknown anonymous guest host "
    "me you model chatbot support participant person interviewer interviewee".split()
)
"""What transcripts write where they do not know a name."""
_TITLES = frozenset("mr mrs ms miss dr prof professor sir madam jr sr".split())
_WORDS_THAT_ARE_NAMES = STOP_WORDS | frozenset(
    "april may june july august mark grace hope joy faith rose art bill pat sue frank drew chance rich iris dawn".split()
)
"""Names that are words of their own: they count as names only where they are capitalised within the question."""

_WORD = re.compile(r"([^\W\d_]+(?:-[^\W\d_]+)*)(?:['\u2019]s?\b|['\u2019](?=\s|$))?")
_SPACES = re.compile(r"\s+")
_SPACE_BEFORE_MARK = re.compile(r"\s+(?=[?.!,;:])")


@dataclass(frozen=True, slots=True)
class Naming:
    """What a question says about participants."""

    speakers: frozenset[str]
    """Case-folded names of the participants that the question names."""
    text: str
    """The question without these names; the question itself where nothing else would remain."""


def is_personal_name(label: str) -> bool:
    """Whether a case-folded speaker label is a person's name and not "user", "speaker 2" or empty."""
    words = [word for word in _words(label) if word not in _TITLES]
    return bool(words) and not _LABELS.issuperset(words) and words[0] not in _LABELS


def index_names(names: Iterable[str]) -> dict[str, frozenset[str]]:
    """Which participants each word of a name can stand for; words are folded, titles and initials left out."""
    index: dict[str, set[str]] = {}
    for name in names:
        for word in _words(name):
            if len(word) > 1 and word not in _TITLES:
                index.setdefault(word, set()).add(name)
    return {word: frozenset(found) for word, found in index.items()}


def find_names(question: str, indexes: Sequence[Mapping[str, frozenset[str]]]) -> Naming:
    """Find participants' names in a question.

    A capitalised word of a name is enough; in small letters all words of the name must be there ("which project" does not name the
    "Project Manager"). A participant whose matched words are part of another's ("Ana" where "Ana Silva" is named and speaks) is not meant.

    Args:
        question: as asked.
        indexes: words of the participants' names of each scope, as `index_names` gives them.
    """
    words = [(match, fold(match[1])) for match in _WORD.finditer(question)]
    present = {word for _, word in words}
    matched: dict[str, set[str]] = {}
    spans: list[tuple[int, int]] = []
    for match, word in words:
        known = [index[word] for index in indexes if word in index]
        if not known:
            continue
        names = frozenset().union(*known)
        meant = [name for name in names if _is_meant(name, word, match, present)]
        for name in meant:
            matched.setdefault(name, set()).add(word)
        if meant:
            spans.append(match.span())
    speakers = {name for name, found in matched.items() if not any(found < other for other in matched.values())}
    return Naming(frozenset(speakers), _without(question, spans))


def _words(label: str) -> list[str]:
    return [fold(match[1]) for match in _WORD.finditer(label)]


def _is_meant(name: str, word: str, match: re.Match[str], present: set[str]) -> bool:
    is_capitalised = match[1][0].isupper()
    if word in _WORDS_THAT_ARE_NAMES:
        return is_capitalised and match.start() > 0
    return is_capitalised or present.issuperset(_words(name))


def _without(question: str, spans: list[tuple[int, int]]) -> str:
    if not spans:
        return question
    kept, end = [], 0
    for start, stop in spans:
        kept.append(question[end:start])
        end = stop
    rest = _SPACE_BEFORE_MARK.sub("", _SPACES.sub(" ", "".join((*kept, question[end:])))).strip()
    return rest if analyse(rest) else question
