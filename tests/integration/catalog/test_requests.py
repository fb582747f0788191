"""Repeated requests get their first answer, for a day."""

from __future__ import annotations

import pytest

from service.catalog.engine import Catalog
from service.catalog.requests import KEPT_US, once
from service.domain.errors import InvalidArgument, NotFound
from tests.support.catalogs import INSTANCE, OTHER_INSTANCE, run_sql, scalar


class Caller:
    """Runs a call through `once`, counting how often it had effects."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.runs = 0

    def call(self, request: str, *, method: str = "Delete", asked: bytes = b"x", instance: str = INSTANCE) -> int:
        """Run it; the answer is the count of runs."""

        def run() -> dict[str, int]:
            self.runs += 1
            return {"run": self.runs}

        with self.catalog.write() as connection:
            return int(once(connection, instance, request, method, asked, run)["run"])


def test_a_repeat_gets_the_first_answer(catalog: Catalog) -> None:
    """The same request runs once; without a key, and for another instance, it runs again."""
    caller = Caller(catalog)

    assert [caller.call("r"), caller.call("r"), caller.call("s"), caller.call("r")] == [1, 1, 2, 1]
    assert [caller.call(""), caller.call("")] == [3, 4]
    assert caller.call("r", instance=OTHER_INSTANCE) == 5


def test_a_key_is_for_one_request(catalog: Catalog) -> None:
    """A key that was used for another call or other content is refused."""
    caller = Caller(catalog)
    caller.call("r")

    for other in ({"method": "Update"}, {"asked": b"y"}):
        with pytest.raises(InvalidArgument) as error:
            caller.call("r", **other)
        assert error.value.reason == "REQUEST_ID_REUSED"
    assert caller.runs == 1


def test_answers_are_kept_for_a_day(catalog: Catalog) -> None:
    """After a day the key is free, and its row gone."""
    caller = Caller(catalog)
    caller.call("r")

    run_sql(catalog, "UPDATE requests SET create_time = create_time - :by", by=KEPT_US - 60_000_000)
    assert caller.call("r") == 1
    run_sql(catalog, "UPDATE requests SET create_time = create_time - :by", by=61_000_000)
    assert caller.call("r") == 2
    assert scalar(catalog, "SELECT count(*) FROM requests") == 1


def test_a_call_that_fails_keeps_no_answer(catalog: Catalog) -> None:
    """A call that raises has no effect and is run anew by its repeat."""

    def fail() -> dict[str, int]:
        raise NotFound("not there yet")

    def attempt() -> None:
        with catalog.write() as connection:
            once(connection, INSTANCE, "r", "Delete", b"x", fail)

    with pytest.raises(NotFound):
        attempt()
    assert Caller(catalog).call("r") == 1
