"""Names in a statement: runs of capitalised words, and what kind of thing the words around them say they are."""

from __future__ import annotations

import re

from service.domain.source import Mention
from service.domain.zones import MONTHS
from service.extractors.rules.calendar import WEEKDAYS
from service.extractors.rules.verbs import FORMS

_NAME = re.compile(
    r"\b(?P<name>(?:[A-Z]|[a-z]{1,3}(?=[A-Z][a-z]))[\w'’.-]*(?:(?: (?:of|of the|de|van|von|van der|der|la|le|"
    r"du|da|do|di|&))? ?(?:[A-Z&][\w'’.-]*|\d(?!\d{0,1}(?:st|nd|rd|th)\b)(?!\d*,\d)[\w.-]*)){0,4})"
)
"""A run of capitalised words, with the small words inside names and the numbers behind them: "Museum of Modern Art", "iPhone 15"."""
_NOT_NAMES = (
    frozenset(
        """monday's tuesday's wednesday's thursday's friday's saturday's sunday's i i'm i've i'll i'd user user's ok tv the a an my our we she he it
        they this that these those there no not yes please also and but so if when
        what where why how who is are was were do does did can could should would will never always only just then now first last next every each
        don't dont do some any all both new good great best dear hi hello thanks am pm lol omg usa's decision note reminder update todo re fwd
        christmas easter halloween thanksgiving ramadan diwali hanukkah""".split()
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
_TITLED = re.compile(
    r"^(?:Mr|Mrs|Ms|Mx|Dr|Prof|Sir|Lady|Herr|Frau|Monsieur|Madame|Mme|Señor|Señora|Senhor|Senhora|Dona|Don|Signor|Signora)\b"
)
_LANGUAGE = re.compile(r"(?:ish|ese|ian|German|French|Dutch|Hindi|Arabic|Greek|Welsh|Irish)$")
_WRITTEN_SMALL = re.compile(
    r"\b(?:to|at|in|near|through|from|on) (?P<name>(?!the |a |an |my |our |his |her |their |this |that |some |any |another |other |every |one |local )"
    r"(?:(?!and |or )[a-z']{3,20} ){1,2}?(?:park|street|road|avenue|square|school|college|university|hospital|station|airport|beach|bridge|museum|market))\b"
)
"""A place that haste or speech recognition wrote without capitals: its last word tells."""
_NUMBERED = re.compile(r"(?P<number>[A-Z]{1,3}\d{2,5}) (?P<name>[A-Z][^\d]+)")
"""A flight, train or road and where it goes: "TK1972 Ankara"."""
_WITH_POSTCODE = re.compile(r"(?P<name>[A-Z][^\d]+?) [A-Z]{1,2}\d{1,2}[A-Z]?(?: \d[A-Z]{2})?")
_STREET = re.compile(
    r"(?:street|st|road|rd|lane|ln|avenue|ave|close|drive|way|terrace|square|place|crescent|court|gardens?)\.?,?$"
)
_ADDRESS = re.compile(
    r"(?:straat|straße|strasse|gasse|laan|plein|gata|gatan|vägen|veien)\b|^(?:Via|Viale|Piazza|Rua|Avenida|Calle|Plaza|Rue|Boulevard) |"
    r" (?:Street|St|Road|Rd|Lane|Avenue|Ave|Court|Close|Drive|Square|Terrace|Gardens|Crescent)$"
)
_LOOK_BACK = 30
_LONGEST = 60


def mentions(statement: str, people: tuple[Mention, ...]) -> tuple[Mention, ...]:
    """The names of a statement, people already known first; each once. A lone capital at the beginning tells nothing."""
    found = {person.name: person for person in people if person.name in statement}
    known = {part for name in found for part in name.split()}
    for match in _NAME.finditer(statement):
        name = _trimmed(match["name"])
        if name in found or name in known or not 0 < len(name) <= _LONGEST or _is_no_name(name, match, statement):
            continue
        before = statement[max(0, match.start() - _LOOK_BACK) : match.start()].lower().split()
        for mention in _taken_apart(name, before[-2:]):
            found.setdefault(mention.name, mention)
    for match in _WRITTEN_SMALL.finditer(statement):
        name = match["name"]
        if not any(name.lower() in other.lower() for other in found):
            found[name] = Mention(name, "place")
    return tuple(found.values())


def _is_no_name(name: str, match: re.Match[str], statement: str) -> bool:
    """Whether only its place gave a word its capital: the first one of a statement, or the verb of a request ("User asks: Send it")."""
    if name.isdigit() or not match["name"].startswith(name) or " " in name:
        return name.isdigit()
    return match.start() == 0 or (statement[: match.start()].endswith(": ") and name.lower() in FORMS)


def _taken_apart(name: str, before: list[str]) -> tuple[Mention, ...]:
    """A run of capitals that is more than one name: a number before the name it is of, a postcode behind a town."""
    numbered = _NUMBERED.fullmatch(name)
    if numbered:
        return Mention(numbered["number"], "thing"), Mention(numbered["name"], kind_of(numbered["name"], before))
    town = _WITH_POSTCODE.fullmatch(name) if before and _STREET.search(before[-1]) else None
    if town:
        return (Mention(town["name"], "place"),)
    return (Mention(name, kind_of(name, before)),)


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
    if _ADDRESS.search(name):
        return "place"
    nearest = before[-1] if before else ""
    if nearest in {"called", "named", "with", "told", "met"}:
        return "person"
    if nearest in {"at", "joined", "joining"} or (nearest == "for" and not _WORK.isdisjoint(before[:-1])):
        return "organisation"
    if nearest in _PLACE_BEFORE or _MOTION & set(before):
        return "place"
    return "product" if _PRODUCT.search(name) else "thing"
