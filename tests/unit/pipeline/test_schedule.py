"""Which work the child gets next: realtime first, at least a tenth for bootstrap, suspects alone."""

from __future__ import annotations

import pytest

from service.catalog.sources import SourceRow
from service.domain.instants import from_us
from service.domain.kinds import DocumentType, IngestionMode, Lane, Role, SourceKind
from service.domain.source import Source
from service.domain.writes import LogEntry
from service.log.base import Record
from service.pipeline.child import SLICE_TEXTS, Done, EmbedSlice, PrepareSlice
from service.pipeline.prepare import prepare
from service.pipeline.schedule import BOOTSTRAP_SHARE, SLICE_CHARACTERS, SLICE_SOURCES, TALK_SECONDS, Job, Schedule
from tests.support.lines import LineExtractor


def job(
    key: int, lane: Lane = Lane.REALTIME, *, kind: SourceKind = SourceKind.MESSAGE, content: str = "hello", alone: bool = False
) -> Job:
    """A record on its way."""
    is_message = kind is SourceKind.MESSAGE
    source = Source(
        source_id=f"{key:032}",
        kind=kind,
        content=content,
        said_time=from_us(0),
        time_zone="",
        mode=IngestionMode.FAST,
        document_type=None if is_message else DocumentType.NOTE,
        role=Role.USER if is_message else None,
    )
    row = SourceRow(source, "", "talk", f"m{key}", key, "s", "s", "", "")
    return Job(key, Record(LogEntry(0, lane, key), "a" * 32, 1, kind, source.source_id, row), is_alone=alone)


def drained(schedule: Schedule) -> list[PrepareSlice | EmbedSlice]:
    """Every slice, in order."""
    found = []
    while (task := schedule.next_slice()) is not None:
        found.append(task)
    return found


def keys(task: PrepareSlice | EmbedSlice) -> tuple[int, ...]:
    """What a slice works on."""
    return task.keys if isinstance(task, PrepareSlice) else (task.key,)


def lanes(schedule: Schedule, bootstrap_from: int) -> list[Lane]:
    """The lane of every slice, in order."""
    return [Lane(keys(task)[0] >= bootstrap_from) for task in drained(schedule)]


class Clock:
    """Seconds that pass when they are told to."""

    now = 100.0

    def __call__(self) -> float:
        """What time it is."""
        return self.now


def test_nothing_of_a_load_is_in_hand_while_somebody_talks() -> None:
    """A busy child is given bootstrap work ahead only when no realtime record came for a while, or realtime work waits too."""
    clock = Clock()
    schedule = Schedule(clock)
    for key in range(10, 20):
        schedule.add(job(key, Lane.BOOTSTRAP, content="x" * SLICE_CHARACTERS))
    assert schedule.next_slice(is_ahead=True) is not None
    schedule.add(job(1))
    talk = schedule.next_slice(is_ahead=True)
    assert talk is not None and keys(talk) == (1,)

    assert schedule.next_slice(is_ahead=True) is None
    assert schedule.next_slice(is_ahead=False) is not None
    clock.now += TALK_SECONDS
    assert schedule.next_slice(is_ahead=True) is not None


def test_nothing_to_do() -> None:
    """An empty schedule has no slice."""
    assert Schedule().next_slice() is None


def test_a_lane_keeps_its_order() -> None:
    """Records of a lane are sent in the order in which they came."""
    schedule = Schedule()
    for key in range(20):
        schedule.add(job(key))

    assert [key for task in drained(schedule) for key in keys(task)] == list(range(20))


def test_realtime_comes_first() -> None:
    """While both lanes have work, of any ten slices in a row one is for bootstrap and the others for realtime."""
    schedule = Schedule()
    for key in range(100):
        schedule.add(job(key, content="x" * SLICE_CHARACTERS))
    for key in range(100, 120):
        schedule.add(job(key, Lane.BOOTSTRAP, content="x" * SLICE_CHARACTERS))

    order = lanes(schedule, bootstrap_from=100)
    busy = order[: 100 * BOOTSTRAP_SHARE // (BOOTSTRAP_SHARE - 1)]
    assert busy[0] is Lane.REALTIME
    for start in range(len(busy) - BOOTSTRAP_SHARE + 1):
        assert busy[start : start + BOOTSTRAP_SHARE].count(Lane.BOOTSTRAP) == 1


def test_bootstrap_has_what_realtime_leaves() -> None:
    """Without realtime work every slice is for bootstrap, and fresh realtime work is next at once."""
    schedule = Schedule()
    for key in range(100, 103):
        schedule.add(job(key, Lane.BOOTSTRAP, kind=SourceKind.DOCUMENT))

    assert [keys(task) for task in (schedule.next_slice(), schedule.next_slice()) if task] == [(100,), (101,)]
    schedule.add(job(1))
    assert [keys(task) for task in drained(schedule)] == [(1,), (102,)]


def test_slices_are_small() -> None:
    """A slice holds a few short messages, or one long one, or one document."""
    schedule = Schedule()
    for key in range(SLICE_SOURCES + 1):
        schedule.add(job(key))
    schedule.add(job(50, content="x" * SLICE_CHARACTERS))
    schedule.add(job(51, content="x" * SLICE_CHARACTERS))
    schedule.add(job(52, kind=SourceKind.DOCUMENT))
    schedule.add(job(53, kind=SourceKind.DOCUMENT))

    assert [keys(task) for task in drained(schedule)] == [
        tuple(range(SLICE_SOURCES)),
        (SLICE_SOURCES,),
        (50,),
        (51,),
        (52,),
        (53,),
    ]


def test_a_suspect_shares_no_slice() -> None:
    """A record that was tried in vain is sent by itself, and its neighbours without it."""
    schedule = Schedule()
    for key in range(5):
        schedule.add(job(key, alone=key == 2))

    assert [keys(task) for task in drained(schedule)] == [(0, 1), (2,), (3, 4)]


@pytest.mark.parametrize("lines", [0, 1, SLICE_TEXTS, SLICE_TEXTS + 1, 3 * SLICE_TEXTS + 5])
def test_long_records_come_in_slices_of_texts(lines: int) -> None:
    """A record with many texts is embedded in slices of at most `SLICE_TEXTS`, and is ready with the last of them."""
    content = "\n".join(f"likes tea {line}" for line in range(lines)) or " "
    long = job(1, kind=SourceKind.DOCUMENT, content=content)
    assert long.record.source is not None
    prepared = prepare(long.record.source.source, LineExtractor())
    total = len(prepared.texts)
    sent = min(total, SLICE_TEXTS)

    further = long.take(Done(1, prepared, (bytes(768),) * sent))
    while further is not None:
        assert long.outcome is None
        assert 1 <= len(further.texts) <= SLICE_TEXTS
        assert list(further.texts) == prepared.texts[sent : sent + len(further.texts)]
        sent += len(further.texts)
        further = long.take(Done(1, None, (bytes(768),) * len(further.texts)))

    assert sent == total
    assert long.outcome is not None and long.outcome.embedded is not None
    assert len(long.outcome.embedded.passage_search) + len(long.outcome.embedded.observation_search) == total


def test_what_is_begun_is_finished_first() -> None:
    """Within a lane further texts of a begun record come before records that were not begun."""
    schedule = Schedule()
    schedule.add(job(2))
    schedule.add_further(job(1), EmbedSlice(1, ("x",)))

    assert [keys(task) for task in drained(schedule)] == [(1,), (2,)]


def test_restarting_forgets_half_done_work() -> None:
    """A record whose child died begins again from nothing."""
    begun = job(1, content="likes tea")
    assert begun.record.source is not None
    prepared = prepare(begun.record.source.source, LineExtractor())
    begun.take(Done(1, prepared, (bytes(768),)))

    begun.restart()
    assert begun.outcome is None
    begun.take(Done(1, prepared, (bytes(768),) * 2))
    assert begun.outcome is not None
