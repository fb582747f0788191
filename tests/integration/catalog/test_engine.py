"""Reading and writing the catalog while others do, and die; what is one database's alone is in `test_sqlite` and `test_postgres`."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy.exc import IntegrityError

from service.catalog.engine import Catalog
from service.domain.writes import RecordedMessage
from tests.support.catalogs import message, record, rows, scalar
from tests.support.writers import writing


def test_two_processes_write_at_once(catalog: Catalog) -> None:
    """Two processes that write the same conversation at the same time lose no number and never fail."""
    each = 60
    with writing(catalog.place, each) as one, writing(catalog.place, each) as two:
        for writer in (one, two):
            writer.go()
        told = [writer.told() for writer in (one, two) for _ in range(each)]

    assert sorted(number for number, _ in told) == list(range(1, 2 * each + 1))
    assert sorted(seq for _, seq in told) == list(range(1, 2 * each + 1))
    assert scalar(catalog, "SELECT count(*) FROM messages") == 2 * each


def test_a_killed_writer_frees_the_catalog(catalog: Catalog) -> None:
    """A process that is killed while it writes leaves no lock and no half of a write."""
    with writing(catalog.place, 100_000) as doomed:
        doomed.go()
        told = [doomed.told() for _ in range(5)]
        told += doomed.kill()
        (answer,) = record(catalog, message("the next"))

    assert isinstance(answer, RecordedMessage)
    assert answer.number in (len(told) + 1, len(told) + 2)
    assert answer.entry.seq == answer.number
    assert [row[0] for row in rows(catalog, "SELECT number FROM messages ORDER BY number")] == list(range(1, answer.number + 1))


def test_errors_of_values_are_the_caller_s(catalog: Catalog) -> None:
    """An error of the values is not taken for one of the database, and rolls everything back."""

    def spoil() -> None:
        with catalog.write() as connection:
            connection.exec_driver_sql("UPDATE deployment SET model_id = 'other'")
            connection.exec_driver_sql("INSERT INTO deployment (id) VALUES (1)")

    with pytest.raises(IntegrityError):
        spoil()

    assert scalar(catalog, "SELECT model_id FROM deployment") == "fake"


def test_a_read_is_of_one_moment(catalog: Catalog) -> None:
    """Whatever is written meanwhile, everything read in one transaction is of one moment."""
    record(catalog, message("before"))

    with catalog.read() as connection:
        first = connection.exec_driver_sql("SELECT count(*) FROM messages").scalar_one()
        writer = threading.Thread(target=record, args=(catalog, message("after")))
        writer.start()
        writer.join()
        second = connection.exec_driver_sql("SELECT count(*) FROM messages").scalar_one()

    assert (first, second, scalar(catalog, "SELECT count(*) FROM messages")) == (1, 1, 2)
