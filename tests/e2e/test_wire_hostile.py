"""Text is text: ids, filters and questions with quotes, SQL, wildcards and paths reach nothing but what bears exactly that name."""

from __future__ import annotations

import pytest
from eunoe.v1 import conversation_service_pb2, memory_service_pb2
from google.protobuf.struct_pb2 import Struct

from tests.support.service import RunningService
from tests.support.wire import Wire, note, turn

pytestmark = pytest.mark.e2e

HOSTILE = [
    "' OR '1'='1",
    "x'); DROP TABLE messages; --",
    '"; SELECT * FROM api_keys; "',
    "%",
    "_",
    "*",
    "../../../etc/passwd",
    "..\\..\\windows",
    "$.a",
    "{{7*7}}",
    "\\",
    "a\nb\r\tc",
    "\u202e abc",
    "ñandú 日本語 🙂",
    " ",
    "null",
    "item_id = 'x' OR true",
]


async def test_ids_are_taken_literally(instance: Wire) -> None:
    """Each names its own user, conversation, message and document, and none of them touches another's."""
    position = ""
    for place, text in enumerate(HOSTILE):
        recorded = await instance.record(
            turn(text, f"I read book {place}.", user_id=text, customer_id=text, message_id=text, session_id=text, speaker=text)
        )
        assert (recorded.conversation_id, recorded.message_id, recorded.session_id) == (text, text, text)
        made = await instance.create(note(f"I own lamp {place}.", user_id=text, customer_id=text, document_id=text))
        assert made.document_id == text
        position = made.position
    for place, text in enumerate(HOSTILE):
        assert [each.content for each in await instance.turns(text)] == [f"I read book {place}."]
        context = await instance.fetch(text, text, search_queries=["book lamp"], max_results=50, min_position=position)
        told = {word for item in context.items for word in item.content.replace(".", "").split() if word.isdigit()}
        assert told == {str(place)}, text
        request = memory_service_pb2.ListIngestionsRequest(user_id=text)
        listed = await instance.call(instance.memories.ListIngestions, request)
        assert [each.document_id for each in listed.ingestions] == [text]
        asked = conversation_service_pb2.ListConversationsRequest(user_id=text)
        named = await instance.call(instance.conversations.ListConversations, asked)
        assert [each.conversation_id for each in named.conversations] == [text]


async def test_deleting_by_a_hostile_id_deletes_that_alone(instance: Wire, shared_service: RunningService) -> None:
    """Wildcards match nothing but themselves, and no path leaves the data directory."""
    await instance.create(note("I own a lamp.", document_id="kept"))
    for text in HOSTILE:
        await instance.create(note("I own a lamp.", document_id=text))
    for text in HOSTILE:
        await instance.call(instance.memories.DeleteDocument, memory_service_pb2.DeleteDocumentRequest(document_id=text))
    listed = await instance.call(instance.memories.ListIngestions, memory_service_pb2.ListIngestionsRequest(document_id="kept"))
    assert [each.document_id for each in listed.ingestions] == ["kept"]
    names = {path.name.split(".")[0] for path in shared_service.directory.iterdir()}
    assert names <= {"catalog", "credentials", "index", "lock", "owner", "ready", "setup-lock"}, names


async def test_metadata_filters_are_compared_not_run(instance: Wire) -> None:
    """A filter finds the item whose metadata has exactly that key and value, whatever is in them."""
    position = ""
    for place, text in enumerate(HOSTILE):
        metadata = Struct()
        metadata.update({text: text, "place": place})
        position = (await instance.record(turn("talk", f"I read book {place}.", metadata=metadata))).position
    for place, text in enumerate(HOSTILE):
        wanted = Struct()
        wanted.update({text: text})
        context = await instance.fetch(
            "u", "c", search_queries=["book"], metadata_filter=wanted, max_results=50, min_position=position
        )
        assert context.items, text
        assert {item.metadata["place"] for item in context.items} == {place}


@pytest.mark.parametrize("question", [*HOSTILE, '"unterminated', "NEAR(", "a AND OR (", "(((((", "^*~:", "-", "\0", "book\0"])
async def test_questions_are_words_not_a_language(instance: Wire, question: str) -> None:
    """Operators of search engines and SQL are answered like any other text."""
    recorded = await instance.record(turn("talk", "I read a book."))
    context = await instance.fetch("u", "c", search_queries=[question], min_position=recorded.position)
    assert {item.scope.user_id for item in context.items} <= {"u"}
