"""Scopes, domain to wire."""

from __future__ import annotations

from eunoe.v1 import scope_pb2

from service.domain.scope import ScopeRef
from service.rpc.convert.kinds import scope_kinds


def scope(ref: ScopeRef) -> scope_pb2.Scope:
    """Who something belongs to."""
    return scope_pb2.Scope(kind=scope_kinds.to_wire[ref.kind], user_id=ref.user_id, customer_id=ref.customer_id)
