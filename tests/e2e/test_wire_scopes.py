"""Who may write to which scope (design section 8), seen from the wire."""

from __future__ import annotations

import grpc
import pytest
from eunoe.v1 import conversation_service_pb2, scope_pb2

from tests.support.wire import Wire, note, refused, turn

pytestmark = pytest.mark.e2e

USER, CUSTOMER, CLIENT = scope_pb2.SCOPE_KIND_USER, scope_pb2.SCOPE_KIND_CUSTOMER, scope_pb2.SCOPE_KIND_CLIENT

ALLOWED = [
    ("strict", "u", "c", USER),
    ("strict", "", "c", CUSTOMER),
    ("strict", "", "", CLIENT),
    ("users only", "u", "", USER),
    ("users only", "u", "u", USER),
    ("users only", "", "", CLIENT),
]
FORBIDDEN = [("strict", "u", ""), ("users only", "u", "c"), ("users only", "", "c")]


@pytest.fixture
def instances(instance: Wire, users_only: Wire) -> dict[str, Wire]:
    """An instance of each isolation."""
    return {"strict": instance, "users only": users_only}


@pytest.mark.parametrize(("isolation", "user_id", "customer_id", "kind"), ALLOWED)
async def test_the_ids_given_choose_the_scope(
    instances: dict[str, Wire], isolation: str, user_id: str, customer_id: str, kind: scope_pb2.ScopeKind.ValueType
) -> None:
    """Messages and documents of a combination go to the same scope, and a fetch with the same ids is answered."""
    wire = instances[isolation]
    await wire.record(turn("talk", "I live in Ghent.", user_id=user_id, customer_id=customer_id))
    made = await wire.create(note("I live in Ghent.", user_id=user_id, customer_id=customer_id))
    shown = await wire.call(
        wire.conversations.GetConversation, conversation_service_pb2.GetConversationRequest(conversation_id="talk")
    )
    ingestion = await wire.watch(made.ingestion_id)
    assert shown.conversation.scope == ingestion.scope
    assert shown.conversation.scope.kind == kind
    await wire.fetch(user_id, customer_id, search_queries=["Where do I live?"])


@pytest.mark.parametrize(("isolation", "user_id", "customer_id"), FORBIDDEN)
async def test_a_forbidden_combination_is_refused_everywhere_by_naming_the_rule(
    instances: dict[str, Wire], isolation: str, user_id: str, customer_id: str
) -> None:
    """Recording, creating and fetching agree; items of a stream are refused for themselves."""
    wire = instances[isolation]
    forbidden = turn("talk", "I live in Ghent.", user_id=user_id, customer_id=customer_id)
    for call in (
        wire.record(forbidden),
        wire.create(note("I live in Ghent.", user_id=user_id, customer_id=customer_id)),
        wire.fetch(user_id, customer_id),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "SCOPE_FORBIDDEN")
        assert "customer" in refusal.message
    good = {"user_id": "", "customer_id": ""}
    summary = await wire.record_stream([forbidden, turn("other", "I live in Ghent.", **good)])
    assert (summary.accepted_count, summary.failed_count) == (1, 1)
    assert [(error.index, error.reason) for error in summary.errors] == [(0, "SCOPE_FORBIDDEN")]


@pytest.mark.parametrize("other", [{"user_id": "v"}, {"customer_id": "d"}, {"user_id": ""}, {"user_id": "", "customer_id": ""}])
async def test_the_first_message_fixes_the_scope_of_a_conversation(instance: Wire, other: dict[str, str]) -> None:
    """A later message of another scope is refused, and a fetch that names another user or customer too."""
    await instance.record(turn("talk", "I live in Ghent."))
    refusal = await refused(instance.record(turn("talk", "I live in Oslo.", **other)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "SCOPE_MISMATCH")
    given = {name: value for name, value in other.items() if value}
    if given:
        request = conversation_service_pb2.ConversationServiceFetchContextRequest(
            conversation_id="talk", user_id=given.get("user_id", ""), customer_id=given.get("customer_id", "")
        )
        fetched = await refused(instance.call(instance.conversations.FetchContext, request))
        assert (fetched.code, fetched.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "SCOPE_MISMATCH")
    assert [each.content for each in await instance.turns("talk")] == ["I live in Ghent."]
