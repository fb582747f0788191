"""Records as bytes: they come back as they were, and anything else is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.catalog.sources import SourceRow
from service.domain.kinds import DocumentType, IngestionMode, Lane, Role, SourceKind
from service.domain.source import PreviousTurn, Source
from service.domain.writes import LogEntry
from service.log.base import Record
from service.log.codec import INLINE_BYTES, GarbledRecordError, decode, encode, encode_reference

TEXT = st.text(max_size=40)
TIMES = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive here


def row(kind: SourceKind, content: str, **source: object) -> SourceRow:
    """A source with its surroundings."""
    made = Source("s1", kind, content, datetime(2026, 2, 25, tzinfo=UTC), "+05:30", IngestionMode.FAST, **source)  # type: ignore[arg-type]
    return SourceRow(made, '{"a":1}', "c1", "m1", 7, "1:s", "s", "", "")


def of(source: SourceRow | None, kind: SourceKind = SourceKind.MESSAGE) -> Record:
    """A record of a source."""
    return Record(LogEntry(1023, Lane.BOOTSTRAP, 2**53), "instance", 2**40, kind, "s1", source)


@given(
    content=TEXT,
    said=TIMES,
    speaker=TEXT,
    role=st.sampled_from(Role),
    previous=st.lists(st.builds(PreviousTurn, TEXT, TEXT), max_size=2),
)
def test_a_message_comes_back(content: str, said: datetime, speaker: str, role: Role, previous: list[PreviousTurn]) -> None:
    """Every field of a message survives, times to the microsecond."""
    source = Source("s1", SourceKind.MESSAGE, content, said, "", IngestionMode.LONG_RANGE, None, role, speaker, tuple(previous))
    record = of(SourceRow(source, "", "c1", "m1", 7, "1:s", "s", "", ""))

    found = decode(encode(2**63 - 1, record))

    assert (found.log_epoch, found.record, found.is_reference) == (2**63 - 1, record, False)


@given(kind=st.sampled_from(DocumentType), content=TEXT)
def test_a_document_comes_back(kind: DocumentType, content: str) -> None:
    """Every field of a document survives."""
    source = Source(
        "s1", SourceKind.DOCUMENT, content, datetime(2026, 2, 25, tzinfo=UTC), "Europe/Lisbon", IngestionMode.FAST, kind
    )
    record = of(SourceRow(source, "{}", "", "", 0, "document:s1", "", "d1", "ing1"), SourceKind.DOCUMENT)
    assert decode(encode(1, record)).record == record


def test_what_is_gone_and_what_is_too_large_differ() -> None:
    """Without a source a record says whether there is one in the catalog."""
    gone, large = of(None), of(row(SourceKind.MESSAGE, "é" * (INLINE_BYTES // 2) + "x", role=Role.USER))

    assert (decode(encode(1, gone)).record, decode(encode(1, gone)).is_reference) == (gone, False)
    for data in (encode(1, large), encode_reference(1, gone)):
        assert (decode(data).record, decode(data).is_reference) == (gone, True)
    assert len(encode(1, large)) < 200


@given(data=st.binary(max_size=200))
def test_garbage_is_refused(data: bytes) -> None:
    """Bytes that are no record are one kind of error, whatever they are."""
    try:
        decode(data)
    except GarbledRecordError:
        return
    assert data, "nothing is no record"


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_cut_record_is_refused(cut: int) -> None:
    """Half a record is none."""
    data = encode(1, of(row(SourceKind.MESSAGE, "hello", role=Role.USER)))
    with pytest.raises(GarbledRecordError):
        decode(data[:-cut])
