"""Who calls: the instance that a credential opened, and the guards of a call by id."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from service.catalog.edits import Guard
from service.domain.errors import FieldViolation, InvalidArgument
from service.domain.kinds import Isolation
from service.domain.scope import ScopeRef, write_scope


@dataclass(frozen=True, slots=True)
class Principal:
    """The instance of a call. Everything a use case reads or writes is bound to `instance_id`."""

    instance_id: str
    """32 hexadecimal digits; in the catalog and in positions."""
    name: str
    """What callers call it."""
    isolation: Isolation
    key_id: str


@lru_cache(maxsize=4096)
def resolve_scope(isolation: Isolation, user_id: str, customer_id: str) -> ScopeRef:
    """`write_scope`, remembered: one conversation writes to one scope again and again.

    Raises:
        InvalidArgument: the instance's isolation forbids the combination.
    """
    return write_scope(isolation, user_id, customer_id)


def guard_of(principal: Principal, user_id: str, customer_id: str) -> Guard:
    """What a call by id, or a list, is narrowed to. Empty ids do not narrow.

    Raises:
        InvalidArgument: a customer in an instance that knows users only.
    """
    if principal.isolation is Isolation.STRICT or not customer_id:
        return Guard(user_id, customer_id)
    if customer_id == user_id:
        return Guard(user_id)
    rule = "this instance has users only (isolation equals_customer): leave customer_id empty or equal to user_id"
    raise InvalidArgument(
        rule,
        reason="SCOPE_FORBIDDEN",
        values={"customer_id": customer_id},
        fields=[FieldViolation("customer_id", rule)],
    )
