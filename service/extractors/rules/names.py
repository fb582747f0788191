"""Names in a statement: runs of capitalised words, and what kind of thing the words around them say they are."""

from __future__ import annotations

import re

from service.domain.source import Mention
from service.domain.zones import MONTHS
from service.extractors.rules.calendar import WEEKDAYS

_NAME = re.compile(
    r"\b(?P<name>(?:[A-Z]|[a-z]{1,3}(?=[A-Z][a-z]))[\w'’.-]*(?:(?: (?:of|of the|de|van|von|van der|der|la|le|"
    r"du|da|do|di|&))? ?(?:[A-Z&][\w'’.-]*|\d(?!\d{0,1}(?:st|nd|rd|th)\b)[\w.-]*)){0,4})"
)
"""A run of capitalised words, with the small words inside names and the numbers behind them: "Museum of Modern Art", "iPhone 15"."""
_NOT_NAMES = (
    frozenset(
        """monday's tuesday's wednesday's thursday's friday's saturday's sunday's i i'm i've i'll i'd user user's ok tv the a an my our we she he it
        they this that these those there no not yes please also and but so if when
        what where why how who is are was were do does did can could should would will never always only just then now first last next every each
        some any all both new good great best dear hi hello thanks am pm lol omg usa's decision note reminder update todo re fwd""".split()
    )
    | {month.lower() for month in MONTHS}
    | frozenset(WEEKDAYS)
    | {day + "s" for day in WEEKDAYS}
)
_PLACE_BEFORE = frozenset(
    {"in", "near", "from", "to", "around", "visit", "visiting", "visited", "towards", "outside", "leaving", "of"}
)
_MOTION = frozenset(
    {
        "moved",
        "move",
        "moving",
        "live",
        "lives",
        "living",
        "lived",
        "based",
        "fly",
        "flying",
        "trip",
        "going",
        "born",
        "grew",
        "city",
        "town",
    }
)
_WORK = frozenset(
    {"work", "works", "working", "worked", "job", "joined", "joining", "hired", "at", "employer", "company", "for", "startup"}
)
_ORGANISATION = re.compile(
    r"\b(?:Inc|Ltd|LLC|GmbH|Corp|Co|Company|Bank|Hospital|University|College|School|Group|Trust|Institute|"
    r"Foundation|Club|Agency|Insurance)\b|&"
)
_PRODUCT = re.compile(r"\d")
_TITLED = re.compile(r"^(?:Mr|Mrs|Ms|Dr|Prof)\b")
_LANGUAGE = re.compile(r"(?:ish|ese|ian|German|French|Dutch|Hindi|Arabic|Greek|Welsh|Irish)$")
_WRITTEN_SMALL = re.compile(
    r"\b(?:to|at|in|near|through|from|on) (?P<name>(?!the |a |an |my |our |his |her |their |this |that |some |any |another |other |every |one |local )"
    r"(?:[a-z']{3,20} ){1,2}?(?:park|street|road|avenue|square|school|college|university|hospital|station|airport|beach|bridge|museum|market))\b"
)
"""A place that haste or speech recognition wrote without capitals: its last word tells."""
_LOOK_BACK = 30
_LONGEST = 60


def mentions(statement: str, people: tuple[Mention, ...]) -> tuple[Mention, ...]:
    """The names of a statement, people already known first; each once. A lone capital at the beginning tells nothing."""
    found = {person.name: person for person in people if person.name in statement}
    known = {part for name in found for part in name.split()}
    for match in _NAME.finditer(statement):
        name = _trimmed(match["name"])
        opens = match.start("name") == 0 and match["name"].startswith(name) and " " not in name
        if name and not name.isdigit() and name not in found and name not in known and len(name) <= _LONGEST and not opens:
            before = statement[max(0, match.start() - _LOOK_BACK) : match.start()].lower().split()
            found[name] = Mention(name, kind_of(name, before[-2:]))
    for match in _WRITTEN_SMALL.finditer(statement):
        name = match["name"]
        if not any(name.lower() in other.lower() for other in found):
            found[name] = Mention(name, "place")
    return tuple(found.values())


def _trimmed(name: str) -> str:
    words = name.split()
    while words and _bare(words[0]) in _NOT_NAMES:
        words.pop(0)
    while words and (_bare(words[-1]) in _NOT_NAMES or not words[-1][0].isalnum() or words[-1] in {"of", "the", "and"}):
        words.pop()
    return " ".join(words).removesuffix("'s").rstrip(".'-")


def _bare(word: str) -> str:
    return word.lower().strip(".'")


def kind_of(name: str, before: list[str]) -> str:
    """person, place, organisation, product or thing, from the name and the two words before it."""
    if _TITLED.match(name):
        return "person"
    if _ORGANISATION.search(name):
        return "organisation"
    if _LANGUAGE.search(name):
        return "thing"
    nearest = before[-1] if before else ""
    if nearest in {"called", "named", "with", "told", "met"}:
        return "person"
    if _WORK & set(before) and nearest in {"at", "for", "joined", "joining"}:
        return "organisation"
    if nearest in _PLACE_BEFORE or _MOTION & set(before):
        return "place"
    return "product" if _PRODUCT.search(name) else "thing"
