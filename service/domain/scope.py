"""Who may write and read where: the table of design section 8 as two functions, and the shard of a scope."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from service.domain.errors import FieldViolation, InvalidArgument
from service.domain.kinds import Isolation, ScopeKind


@dataclass(frozen=True, slots=True, order=True)
class ScopeRef:
    """A scope by the caller's ids, within one instance. Absent ids are empty."""

    kind: ScopeKind
    customer_id: str = ""
    user_id: str = ""


CLIENT_SCOPE = ScopeRef(ScopeKind.CLIENT)


def write_scope(isolation: Isolation, user_id: str, customer_id: str) -> ScopeRef:
    """Where a write with these ids goes.

    Raises:
        InvalidArgument: the instance's isolation forbids the combination.
    """
    if isolation is Isolation.STRICT:
        return _strict_scope(user_id, customer_id)
    return _equals_customer_scope(user_id, customer_id)


def read_chain(isolation: Isolation, user_id: str, customer_id: str) -> tuple[ScopeRef, ...]:
    """The scopes a read with these ids sees, narrowest first (at most three).

    Raises:
        InvalidArgument: the instance's isolation forbids the combination.
    """
    scope = write_scope(isolation, user_id, customer_id)
    return chain_of(isolation, scope)


def chain_of(isolation: Isolation, scope: ScopeRef) -> tuple[ScopeRef, ...]:
    """A scope and the wider ones that a read in it sees."""
    if scope.kind is ScopeKind.CLIENT:
        return (CLIENT_SCOPE,)
    if scope.kind is ScopeKind.CUSTOMER or isolation is Isolation.EQUALS_CUSTOMER:
        return (scope, CLIENT_SCOPE)
    return (scope, ScopeRef(ScopeKind.CUSTOMER, scope.customer_id), CLIENT_SCOPE)


def _strict_scope(user_id: str, customer_id: str) -> ScopeRef:
    if user_id and not customer_id:
        raise _forbidden(
            "customer_id",
            "this instance is strict: a user_id needs its customer_id",
            user_id=user_id,
        )
    if user_id:
        return ScopeRef(ScopeKind.USER, customer_id, user_id)
    return ScopeRef(ScopeKind.CUSTOMER, customer_id) if customer_id else CLIENT_SCOPE


def _equals_customer_scope(user_id: str, customer_id: str) -> ScopeRef:
    if customer_id and customer_id != user_id:
        raise _forbidden(
            "customer_id",
            "this instance has users only (isolation equals_customer): leave customer_id empty or equal to user_id",
            customer_id=customer_id,
        )
    return ScopeRef(ScopeKind.USER, "", user_id) if user_id else CLIENT_SCOPE


def _forbidden(field: str, rule: str, **values: str) -> InvalidArgument:
    return InvalidArgument(rule, reason="SCOPE_FORBIDDEN", values=values, fields=[FieldViolation(field, rule)])


def shard_of(instance_id: str, scope: ScopeRef, shards: int) -> int:
    """The shard of a scope, in [0, shards): blake2b-64, big-endian, over length-prefixed UTF-8 parts, mod shards.

    A user's scope in a strict instance hashes by its customer, so that one fetch reads few shards. Each part is preceded
    by its length in bytes as four big-endian bytes, so that no two lists of parts give the same bytes.
    """
    digest = hashlib.blake2b(digest_size=8)
    for part in _shard_parts(instance_id, scope):
        data = part.encode()
        digest.update(len(data).to_bytes(4, "big"))
        digest.update(data)
    return int.from_bytes(digest.digest(), "big") % shards


def _shard_parts(instance_id: str, scope: ScopeRef) -> tuple[str, ...]:
    if scope.kind is ScopeKind.CLIENT:
        return (instance_id, "client")
    if scope.customer_id:
        return (instance_id, "customer", scope.customer_id)
    return (instance_id, "user", scope.user_id)
