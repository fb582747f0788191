"""What the benches send: turns as a voice pipeline would record them, and questions about them.

The same for the same tag, and with other ids for another one.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from itertools import islice

from eunoe.v1 import conversation_pb2, conversation_service_pb2
from google.protobuf.struct_pb2 import Struct

from tests.support.talk import utterances

CUSTOMER = "acme"
_CHANNELS = ["voice", "chat", "phone", "kiosk"]
_NAMES = "Marta Jonas Priya Tomas Elena Yusuf Hanna Pedro Ingrid Malik Sofia Aaron Noor Viktor Leila Emil".split()
_CITIES = "Lisbon Porto Turin Gdansk Leeds Boston Oslo Ghent Seville Austin Kyoto Bergen Graz Lyon Tampere Cork".split()
_THINGS = ["dinner", "the dentist", "the job interview", "a flight", "pottery", "the board meeting", "a dog", "hiking", "jazz"]
_MONTHS = "January February March April May June July August September October November December".split()
_QUESTIONS = [
    "Where did I meet {name} before I went to {city} in {month}?",
    "What did I say about {thing} when {name} called on {month} {number}?",
    "Who came along to {city} on {month} {number}, was it {name}?",
    "How did I feel about {thing} after {name} moved to {city}?",
    "When is {thing} that {name} told me about in {month}, around the {number}th?",
    "Does {name} still live in {city}, and what about {thing}?",
    "Which {number} books did I buy in {city} with {name} in {month}?",
]


def messages(
    tag: str, conversation_id: str, user_id: str, count: int, customer_id: str = CUSTOMER
) -> list[conversation_pb2.MessageInput]:
    """The first turns of one conversation, each with ids and metadata, as the SDK sends them."""
    metadata = _metadata(random.Random(f"{tag}/{conversation_id}"))
    made = []
    for said in islice(utterances(f"{tag}/{conversation_id}"), count):
        message = conversation_pb2.MessageInput(
            conversation_id=conversation_id,
            role=said.role,
            content=said.content,
            user_id=user_id,
            customer_id=customer_id,
            message_id=_id(f"{tag}/{conversation_id}/{said.number}"),
            metadata=metadata,
        )
        message.said_time.FromDatetime(said.said)
        made.append(message)
    return made


def record_requests(tag: str, conversation_id: str, count: int) -> list[conversation_service_pb2.RecordMessageRequest]:
    """Turns of one conversation of a user of its own as unary requests, some 340 bytes each."""
    return [
        conversation_service_pb2.RecordMessageRequest(message=message, request_id=message.message_id)
        for message in messages(tag, conversation_id, f"user of {conversation_id}", count)
    ]


def stream_requests(tag: str, conversation_id: str, count: int) -> list[conversation_service_pb2.StreamMessagesRequest]:
    """Turns of one conversation of a user of its own as items of a stream."""
    return [
        conversation_service_pb2.StreamMessagesRequest(message=message)
        for message in messages(tag, conversation_id, f"user of {conversation_id}", count)
    ]


def drained_talks(tag: str, turns: int) -> dict[str, list[conversation_pb2.MessageInput]]:
    """So many turns in eight conversations of eight users."""
    talks = [f"{tag} drain {each}" for each in range(8)]
    return {talk: messages(tag, talk, f"user of {talk}", turns // len(talks)) for talk in talks}


def questions(tag: str) -> Iterator[str]:
    """Questions of 12 to 25 word pieces without end, none of them twice."""
    chance = random.Random(f"questions/{tag}")
    asked: set[str] = set()
    while True:
        question = chance.choice(_QUESTIONS).format(
            name=chance.choice(_NAMES),
            city=chance.choice(_CITIES),
            thing=chance.choice(_THINGS),
            month=chance.choice(_MONTHS),
            number=chance.randint(2, 28),
        )
        if question not in asked:
            asked.add(question)
            yield question


def _metadata(chance: random.Random) -> Struct:
    metadata = Struct()
    metadata.update({"channel": chance.choice(_CHANNELS), "device": f"device-{chance.randrange(50)}", "locale": "en-GB"})
    return metadata


def _id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))
