"""Who may write and read where: every row of the table, and the committed vector of shards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.errors import InvalidArgument
from service.domain.kinds import Isolation, ScopeKind
from service.domain.scope import CLIENT_SCOPE, ScopeRef, chain_of, read_chain, shard_of, write_scope

INSTANCE = "0123456789abcdef0123456789abcdef"
USER = ScopeRef(ScopeKind.USER, "acme", "ana")
CUSTOMER = ScopeRef(ScopeKind.CUSTOMER, "acme")
ALONE = ScopeRef(ScopeKind.USER, "", "ana")

ALLOWED = [
    (Isolation.STRICT, "ana", "acme", USER, (USER, CUSTOMER, CLIENT_SCOPE)),
    (Isolation.STRICT, "", "acme", CUSTOMER, (CUSTOMER, CLIENT_SCOPE)),
    (Isolation.STRICT, "", "", CLIENT_SCOPE, (CLIENT_SCOPE,)),
    (Isolation.EQUALS_CUSTOMER, "ana", "", ALONE, (ALONE, CLIENT_SCOPE)),
    (Isolation.EQUALS_CUSTOMER, "ana", "ana", ALONE, (ALONE, CLIENT_SCOPE)),
    (Isolation.EQUALS_CUSTOMER, "", "", CLIENT_SCOPE, (CLIENT_SCOPE,)),
]
FORBIDDEN = [
    (Isolation.STRICT, "ana", ""),
    (Isolation.EQUALS_CUSTOMER, "ana", "acme"),
    (Isolation.EQUALS_CUSTOMER, "", "acme"),
]


@pytest.mark.parametrize(("isolation", "user", "customer", "written", "read"), ALLOWED)
def test_allowed_combinations(
    isolation: Isolation, user: str, customer: str, written: ScopeRef, read: tuple[ScopeRef, ...]
) -> None:
    """Each allowed combination of ids writes to one scope and reads it with the wider ones, narrowest first."""
    assert write_scope(isolation, user, customer) == written
    assert read_chain(isolation, user, customer) == read
    assert chain_of(isolation, written) == read


@pytest.mark.parametrize(("isolation", "user", "customer"), FORBIDDEN)
def test_forbidden_combinations(isolation: Isolation, user: str, customer: str) -> None:
    """A forbidden combination is refused alike for writes and reads, naming the rule and the field."""
    for verb in (write_scope, read_chain):
        with pytest.raises(InvalidArgument) as refused:
            verb(isolation, user, customer)
        assert refused.value.reason == "SCOPE_FORBIDDEN"
        assert [violation.field for violation in refused.value.fields] == ["customer_id"]
        assert isolation.value.split("_")[0] in refused.value.message


@pytest.mark.parametrize(
    ("instance", "scope", "of_16", "of_7"),
    [
        (INSTANCE, CLIENT_SCOPE, 0, 6),
        (INSTANCE, CUSTOMER, 6, 0),
        (INSTANCE, ALONE, 9, 0),
        (INSTANCE, ScopeRef(ScopeKind.CUSTOMER, "Zoë & Söhne"), 13, 3),
        (INSTANCE, ScopeRef(ScopeKind.CUSTOMER, "a" * 256), 5, 2),
        ("f" * 32, CUSTOMER, 13, 0),
    ],
)
def test_shards_never_move(instance: str, scope: ScopeRef, of_16: int, of_7: int) -> None:
    """The shard of a scope is the one of this committed vector: deployed data depends on it."""
    assert shard_of(instance, scope, 16) == of_16
    assert shard_of(instance, scope, 7) == of_7
    assert shard_of(instance, scope, 1) == 0


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20), st.integers(1, 64))
def test_a_customer_and_its_users_share_a_shard(customer: str, user: str, shards: int) -> None:
    """In a strict instance a user's scope lies in the shard of its customer, and every shard is within bounds."""
    of_user = shard_of(INSTANCE, ScopeRef(ScopeKind.USER, customer, user), shards)

    assert of_user == shard_of(INSTANCE, ScopeRef(ScopeKind.CUSTOMER, customer), shards)
    assert 0 <= of_user < shards
