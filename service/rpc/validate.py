"""The field rules of the protos, run before a handler. And the proof at start that they are run at all."""

from __future__ import annotations

from eunoe.v1 import conversation_pb2, conversation_service_pb2
from google.protobuf.message import Message
from protovalidate import Validator, Violation

from service.domain.errors import FieldViolation, InvalidArgument
from service.rpc.convert.checks import over_limit

SHOWN = 20
"""Violations that an answer lists."""
_UNITS = {
    "string.max_len": "characters",
    "string.max_bytes": "bytes",
    "bytes.max_len": "bytes",
    "repeated.max_items": "items",
}
_RANGE = "int32.gte_lte"
_WORDS = {
    "required": "must be given",
    "enum.not_in": "must be given",
    "enum.defined_only": "must be one of the published values",
    "string.min_len": "must not be empty",
    "repeated.min_items": "must not be empty",
}
"""What a person is told instead of the rule's own words."""

_validator = Validator()


def validate(message: Message) -> None:
    """Check a message by the rules of its type.

    Raises:
        InvalidArgument: with every field that is wrong.
    """
    violations = _validator.collect_violations(message)
    if violations:
        raise _refusal(violations)


def assert_rules_run() -> None:
    """Refuse to start where stubs without rules are installed: they would accept everything, silently.

    Raises:
        RuntimeError: a message that breaks the rules was accepted.
    """
    bad = conversation_service_pb2.RecordMessageRequest(message=conversation_pb2.MessageInput())
    if {field_path(violation) for violation in _validator.collect_violations(bad)} != {
        "message.conversation_id",
        "message.role",
        "message.content",
    }:
        raise RuntimeError("the installed stubs hold no field rules: generate them with buf.validate options (`make protos`)")


def field_path(violation: Violation) -> str:
    """Where in the message it is wrong: `documents[3].content`."""
    path = ""
    for element in violation.proto.field.elements if violation.proto.field else ():
        path += f".{element.field_name}" if path else str(element.field_name)
        if element.subscript is not None:
            path += f"[{element.subscript.value}]"
    return path


def _refusal(violations: list[Violation]) -> InvalidArgument:
    fields = [FieldViolation(field_path(violation), _words(violation)) for violation in violations[:SHOWN]]
    first, limit = fields[0], _limit(violations[0])
    if limit is not None and len(violations) == 1:
        return over_limit(first.field, limit, _UNITS.get(violations[0].proto.rule_id or "", ""))
    return InvalidArgument(
        f"{first.field} {first.description}" + (f", and {len(violations) - 1} more" if len(violations) > 1 else ""),
        values={"field": first.field},
        fields=fields,
    )


def _limit(violation: Violation) -> int | None:
    """The limit that a value is over; None where something else is wrong with it."""
    rule = violation.proto.rule_id or ""
    if rule in _UNITS and isinstance(violation.rule_value, int):
        return violation.rule_value
    if rule == _RANGE:  # the rule's value is the lower bound; the upper one is told in words only
        upper = int((violation.proto.message or "").rpartition(" ")[2])
        return upper if violation.field_value > upper else None
    return None


def _words(violation: Violation) -> str:
    return _WORDS.get(violation.proto.rule_id or "", violation.proto.message or "is not allowed")
