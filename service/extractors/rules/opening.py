"""What is known before the first clause of a turn: who speaks to whom, for whom, who was spoken of, what "it" is."""

from __future__ import annotations

import re

from service.domain.kinds import DocumentType
from service.domain.source import Segmented
from service.domain.zones import local_time
from service.extractors.rules.answers import asks_for_detail
from service.extractors.rules.appointments import latest_named
from service.extractors.rules.around import (
    before,
    just_before,
    lately,
    others,
    own_turns,
    said_by_others,
    said_by_service,
    words_of,
)
from service.extractors.rules.mail import sender_of
from service.extractors.rules.mask import is_play, own_words, unaddressed, unwrapped
from service.extractors.rules.moods import is_sarcastic
from service.extractors.rules.people import RELATION_WORDS, Heard, People
from service.extractors.rules.person import possessive
from service.extractors.rules.talk import Talk

_IMPERSONAL = frozenset(
    {
        DocumentType.DOCUMENT,
        DocumentType.PDF,
        DocumentType.KNOWLEDGE_ARTICLE,
        DocumentType.IMAGE,
        DocumentType.MEETING_TRANSCRIPT,
    }
)
"""Documents whose "we" and "you" are nobody in particular; their statements stay as they are written."""

_MINUTES = frozenset({DocumentType.MEETING_TRANSCRIPT, DocumentType.NOTE, DocumentType.DOCUMENT, DocumentType.EMAIL})
"""Documents in which tasks are handed out."""

_PUBLISHER = re.compile(
    r"(?P<name>[A-Z][\w&'-]+(?: [A-Z&][\w&'-]*){0,3}) (?:help ?(?:cent(?:er|re)|desk)|support(?: cent(?:er|re))?|knowledge base|customer (?:service|care)|"
    r"FAQ|Help Cent(?:er|re)|Support|Knowledge Base)\b"
)
_SERVES = re.compile(
    r"\b(?:thank(?:s| you) for (?:calling|contacting|choosing|phoning|ringing)|you've reached|you're through to|welcome to) "
    r"(?!the |our |my |us\b|me\b|this |back)(?P<name>[A-Za-z][\w&'-]*(?: [\w&'-]+){0,3}?)"
    r"(?=[,.;!?]|$| (?:this|my|you're|you|how|can|may|i|what|we|support|speaking)\b)",
    re.IGNORECASE,
)
_GREETS = re.compile(
    r"\b(?:meet|welcome|hear from|speak (?:to|with)|talk (?:to|with)) (?:everyone |all of you )?(?:at|from|the) "
    r"(?P<name>[A-Z][\w&'-]+(?: [A-Z&][\w&'-]*){0,2}) (?:team|folks|crew|people)\b"
)
_GREETING = 200
"""Characters of a turn in which a greeting stands."""
_BEGINNING = 600
"""Characters of a document in which it says whose it is."""
_TO = re.compile(r"^(?:To|An|Para|À)[ \t]*:[ \t]*(?P<names>[^\r\n]{2,300})$", re.MULTILINE)
_ADDRESSEE = re.compile(r"\"?(?P<name>[A-Z][\w.'-]+(?: [A-Z][\w.'-]+){0,3})\"?(?= ?<| ?,|$)")
_ASKED_THING = re.compile(r"\byour (?P<thing>(?:new |old |first |last |own )?[a-z][\w-]+)\b", re.IGNORECASE)
"""What a question is about: "did you get your book published?"."""


def open_talk(segmented: Segmented, number: int) -> Talk | None:
    """What is known before the first clause of a turn; None where it is a game or a story."""
    turn = segmented.turns[number]
    kind = segmented.source.document_type
    text = unaddressed(own_words(turn.text if kind is None else unwrapped(turn.text)), others(segmented, turn.speaker))
    words = words_of(text)
    if is_play(text, words) or any(is_play(earlier, words_of(earlier)) for earlier in just_before(segmented, number)):
        return None
    speaker = turn.speaker or "User"
    said = local_time(turn.said_time, segmented.source.time_zone)
    impersonal = kind in _IMPERSONAL and turn.role is None
    talk = Talk(turn, text, speaker, said, People(speaker), is_sarcastic(text, words), impersonal, kind in _MINUTES)
    talk.is_note = kind is DocumentType.NOTE
    talk.served_by = _served_by(segmented, number)
    talk.publisher = _addressed(segmented, number)
    _introduce_document(talk, segmented)
    _listen(talk, segmented, number, words)
    return talk


def _listen(talk: Talk, segmented: Segmented, number: int, words: frozenset[str]) -> None:
    """Who and what was spoken of around the turn, before it, and in it."""
    own = own_turns(segmented, number)
    for heard, texts in ((Heard.LATER, own.later), (Heard.BEFORE, own.earlier)):
        for text in texts:
            _hear(talk.people, text, words_of(text), heard)
    talk.said_before = tuple(own.earlier)
    for text in own.earlier:
        talk.last_thing = possessive(latest_named(text), talk.speaker) or talk.last_thing
    previous = before(segmented, number)
    if previous is not None and previous.speaker not in {"", talk.speaker}:
        asked = () if asks_for_detail(previous.text) else tuple(_ASKED_THING.finditer(previous.text))
        talk.last_thing = f"{talk.speaker}'s {asked[-1]['thing'].lower()}" if asked else talk.last_thing
        talk.people.hear_other(previous.text, talk.text)
        talk.is_another_named = any(talk.people.names_unknown(text) for text in lately(segmented, number))
        talk.last_person = talk.people.hear_name(previous.text, talk.text)
    _hear(talk.people, talk.text, words, Heard.NOW)


def _hear(people: People, text: str, words: frozenset[str], heard: Heard) -> None:
    if not RELATION_WORDS.isdisjoint(words):
        people.hear(text, words, heard)


def _introduce_document(talk: Talk, segmented: Segmented) -> None:
    """What the beginning of a document tells of all of it."""
    kind, content = segmented.source.document_type, segmented.source.content
    if talk.is_impersonal:
        found = _PUBLISHER.search(content[:_BEGINNING])
        talk.publisher = found["name"] if found else ""
    if kind is DocumentType.EMAIL:
        to = _TO.search(content[:_BEGINNING])
        talk.addressees = tuple(match["name"] for match in _ADDRESSEE.finditer(to["names"])) if to else ()
        talk.publisher = sender_of(content)


def _served_by(segmented: Segmented, number: int) -> str:
    """For whom an assistant said to speak."""
    found = (_SERVES.search(said[:_GREETING]) for said in said_by_service(segmented, number))
    name = next((match["name"] for match in found if match), "")
    return name.title() if name.islower() else name


def _addressed(segmented: Segmented, number: int) -> str:
    """As whose people somebody else greeted the speaker."""
    found = (_GREETS.search(said[:_GREETING]) for said in said_by_others(segmented, number))
    return next((match["name"] for match in found if match), "")
