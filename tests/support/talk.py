"""What people say to an assistant, made up without end: short first-person statements, dated, the same for the same seed.

Most sentences hold something to remember; some are questions, some the assistant's, some say again what was said before, and some replace it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from eunoe.v1 import conversation_pb2

_CITIES = "Lisbon Porto Turin Gdansk Leeds Boston Oslo Ghent Seville Austin Kyoto Bergen Graz Lyon Tampere Cork".split()
_NAMES = "Marta Jonas Priya Tomas Elena Yusuf Hanna Pedro Ingrid Malik Sofia Aaron Noor Viktor Leila Emil".split()
_JOBS = ["nurse", "translator", "carpenter", "data analyst", "gardener", "pilot", "teacher", "baker", "lawyer", "plumber"]
_FIRMS = ["Northwind", "Calder Labs", "Brightwater", "Old Mill Bakery", "Helix Systems", "Fern and Sons", "Atlas Rail"]
_LIKES = ["hiking", "oat milk", "jazz", "early mornings", "crossword puzzles", "window seats", "dark chocolate", "rain", "chess"]
_DISLIKES = ["coriander", "phone calls", "horror films", "loud restaurants", "instant coffee", "traffic", "cold showers"]
_HOBBIES = ["pottery", "the cello", "sourdough baking", "bird watching", "fencing", "calligraphy", "bouldering", "watercolours"]
_PETS = ["dog", "cat", "parrot", "rabbit", "hamster"]
_PET_NAMES = ["Biscuit", "Olive", "Moss", "Pepper", "Tango", "Juniper", "Waffle", "Domino"]
_FEELINGS = ["nervous", "happy", "proud", "sad", "angry", "excited", "relieved", "lonely"]
_EVENTS = ["dentist appointment", "job interview", "piano recital", "driving test", "house viewing", "board meeting"]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
_MONTHS = ["January", "March", "April", "June", "September", "November"]

_STATEMENTS = [
    "I live in {city}.",
    "I moved to {city} last month.",
    "I work as a {job}.",
    "I work for {firm} in {city}.",
    "I love {like}.",
    "I really like {like} and {like2}.",
    "I hate {dislike}.",
    "I prefer {like} to {dislike}.",
    "My sister {name} lives in {city}.",
    "My brother {name} works as a {job}.",
    "I have a {pet} called {pet_name}.",
    "Yesterday I went to {city} with {name}.",
    "Last week I visited {name} in {city}.",
    "I started learning {hobby} two weeks ago.",
    "I have a {event} next {day}.",
    "My birthday is on {month} {number}.",
    "{name} and I had dinner in {city} on {day}.",
    "I feel {feeling} about the {event}.",
    "I was {feeling} when {name} moved to {city}.",
    "My favourite city is {city}.",
    "I am allergic to {dislike_food}.",
    "I bought {number} books about {hobby} yesterday.",
    "I will fly to {city} on {month} {number}.",
    "My doctor is called {name}.",
]
_QUESTIONS = ["What should I cook tonight?", "Do you know a good hotel in {city}?", "Would I like {hobby}?"]
_REPLIES = ["That sounds lovely, tell me more.", "I would suggest a walk in {city}.", "Noted. Anything else about {name}?"]
_FOODS = ["peanuts", "shellfish", "kiwi", "penicillin", "cats", "pollen"]

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
STEP = timedelta(minutes=7)
"""Between two utterances; every tenth comes the next day, so that there are sessions."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something said by somebody at some time."""

    number: int
    """From 1."""
    role: conversation_pb2.Role.ValueType
    content: str
    said: datetime


def utterances(seed: str) -> Iterator[Utterance]:
    """What one person says, and the assistant now and then, without end."""
    said = BEGIN
    number = 0
    while True:
        number += 1
        chance = random.Random(f"{seed}/{number}")
        said += STEP if number % 10 else timedelta(hours=22)
        if number % 6 == 0:
            yield Utterance(number, conversation_pb2.ROLE_ASSISTANT, _fill(chance.choice(_REPLIES), chance), said)
        else:
            yield Utterance(number, conversation_pb2.ROLE_USER, _speech(chance), said)


def statement(seed: str) -> str:
    """One sentence that holds something to remember."""
    chance = random.Random(seed)
    return _fill(chance.choice(_STATEMENTS), chance)


def _speech(chance: random.Random) -> str:
    if chance.random() < 0.1:
        return _fill(chance.choice(_QUESTIONS), chance)
    count = 1 if chance.random() < 0.7 else 2
    return " ".join(_fill(pattern, chance) for pattern in chance.sample(_STATEMENTS, count))


def _fill(pattern: str, chance: random.Random) -> str:
    return pattern.format(
        city=chance.choice(_CITIES),
        name=chance.choice(_NAMES),
        job=chance.choice(_JOBS),
        firm=chance.choice(_FIRMS),
        like=chance.choice(_LIKES),
        like2=chance.choice(_LIKES),
        dislike=chance.choice(_DISLIKES),
        dislike_food=chance.choice(_FOODS),
        hobby=chance.choice(_HOBBIES),
        pet=chance.choice(_PETS),
        pet_name=chance.choice(_PET_NAMES),
        feeling=chance.choice(_FEELINGS),
        event=chance.choice(_EVENTS),
        day=chance.choice(_DAYS),
        month=chance.choice(_MONTHS),
        number=chance.randint(2, 28),
    )
