"""What the package shows: no more than is written down here, documented, and free of gRPC and protobuf."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import typing
from collections.abc import Iterator

import pytest

import eunoe_client

PUBLIC = """
AuthenticationError BacklogFullError BatchResult ClientContext ConflictError Context ContextItem ContextNotFoundError Conversation
ConversationContext Conversations CreateMemoryRequest CreatedMemory CustomerContext Deleted Document Entity Eunoe EunoeError FetchOptions
FieldViolation Identity Ingestion IngestionError InvalidInputError InvalidPositionError ItemError LimitExceededError Memories Memory
MemoryStream Message MessageStream NetworkTimeoutError NotFoundError PermanentError PositionNotReachedError PreconditionError RateLimitError
Record RecordedMessage Retrieval Scope ScopeForbiddenError ScopeMismatchError ScopeVerbs ServiceError ServiceUnavailableError
Signal Source StreamSummary Timeouts TransientError UnsupportedError UsageError UserContext VersionConflictError Write
""".split()
"""The public names. A new one is added here on purpose or not at all."""

WITHOUT_EXAMPLE = {
    # Namespaces: their verbs have the examples.
    "ClientContext",
    "ConversationContext",
    "Conversations",
    "CustomerContext",
    "Memories",
    "ScopeVerbs",
    "UserContext",
}


def _members() -> Iterator[tuple[str, object]]:
    for name in PUBLIC:
        thing = getattr(eunoe_client, name)
        yield name, thing
        for member, value in inspect.getmembers(thing):
            if not member.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
                yield f"{name}.{member}", value
        if inspect.isclass(thing) and "__init__" in vars(thing):
            yield f"{name}.__init__", thing.__init__


def test_the_public_names_are_these() -> None:
    """The surface cannot grow by accident, and is listed in order."""
    assert sorted(eunoe_client.__all__) == PUBLIC
    assert eunoe_client.__all__ == sorted(eunoe_client.__all__)


def _annotations(thing: object) -> Iterator[str]:
    function = thing.fget if isinstance(thing, property) else thing
    if inspect.isclass(function) or inspect.isfunction(function):
        yield from (str(each) for each in typing.get_type_hints(function).values())


@pytest.mark.parametrize(("name", "thing"), list(_members()), ids=lambda each: each if isinstance(each, str) else "")
def test_no_signature_shows_grpc_or_protobuf(name: str, thing: object) -> None:
    """Nobody has to import a generated class or gRPC to call the SDK or to annotate what it returns."""
    if name.endswith(".__init__") and name not in ("Eunoe.__init__", "EunoeError.__init__"):
        return  # made by the SDK, not by its users
    for annotation in _annotations(thing):
        assert not any(word in annotation for word in ("grpc", "protobuf", "_pb2", "eunoe.v1")), annotation


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_explained_with_an_example(name: str) -> None:
    """Help on a name says what it is and shows it."""
    thing = getattr(eunoe_client, name)
    text = inspect.getdoc(thing) or ""
    assert len(text) > 20
    assert "Example:" in text or name in WITHOUT_EXAMPLE
    for member, value in vars(thing).items():
        if inspect.isfunction(value) and not member.startswith("_"):
            assert value.__doc__, f"{name}.{member}"
            if name in WITHOUT_EXAMPLE or name == "Eunoe":
                assert "Example:" in value.__doc__, f"{name}.{member}"


@pytest.mark.parametrize("module", [each.name for each in pkgutil.iter_modules(eunoe_client.__path__)])
def test_the_examples_that_need_no_service_are_true(module: str) -> None:
    """Examples in docstrings give what they say."""
    loaded = importlib.import_module(f"eunoe_client.{module}")
    failed, _ = doctest.testmod(loaded, globs={**vars(eunoe_client), **vars(loaded)})
    assert not failed


def test_examples_with_a_service_at_least_compile() -> None:
    """No example of a verb has a slip in its syntax."""
    parser = doctest.DocTestParser()
    for name, thing in _members():
        for example in parser.get_examples(inspect.getdoc(thing) or ""):
            compile(example.source, name, "exec")
