"""How stored things are written on a terminal: times, kinds, and texts whose control characters must not reach it."""

from __future__ import annotations

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

_CONTROL = {code: "\N{REPLACEMENT CHARACTER}" for code in (*range(32), 127, *range(128, 160)) if code not in (9, 10)}


def clean(text: str) -> str:
    """The text without anything a terminal would obey: what was ingested may come from anywhere."""
    return text.translate(_CONTROL)


def day(time: Timestamp) -> str:
    """A day as in `2 Mar 2026`."""
    moment = _local(time)
    return f"{moment.day} {moment:%b %Y}"


def day_and_time(time: Timestamp) -> str:
    """A moment as in `2 Mar 2026 14:05`, in this machine's time zone."""
    return f"{day(time)} {_local(time):%H:%M}"


def local_zone() -> str:
    """This machine's time zone now, as in `+02:00`: whose days "yesterday" means to whoever sits before it."""
    offset = datetime.now(UTC).astimezone().strftime("%z")
    return f"{offset[:3]}:{offset[3:5]}"


def _local(time: Timestamp) -> datetime:
    return datetime.fromtimestamp(time.seconds).astimezone()
