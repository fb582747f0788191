"""Every enumeration has the same members on both sides."""

from __future__ import annotations

from typing import Any

import pytest

from service.domain import kinds as domain
from service.rpc.convert import kinds

PAIRS: list[tuple[Any, Any]] = [
    (kinds.roles, domain.Role),
    (kinds.modes, domain.IngestionMode),
    (kinds.lanes, domain.Lane),
    (kinds.document_types, domain.DocumentType),
    (kinds.isolations, domain.Isolation),
    (kinds.scope_kinds, domain.ScopeKind),
    (kinds.memory_types, domain.MemoryType),
    (kinds.item_types, domain.MemoryType),
    (kinds.precisions, domain.Precision),
    (kinds.statuses, domain.IngestionStatus),
    (kinds.stages, domain.Stage),
]


@pytest.mark.parametrize(("table", "kind"), PAIRS)
def test_every_member_has_a_number(table: Any, kind: Any) -> None:
    """No value of the domain is lost on the wire, and each comes back."""
    assert set(kind) == set(table.to_wire)
    assert all(table.to_domain[number] is member for member, number in table.to_wire.items())
    assert 0 not in table.to_domain


def test_unknown_values_have_no_number() -> None:
    """A stored value that the wire does not know is UNSPECIFIED."""
    assert kinds.stages.of_value("polish") == 0
