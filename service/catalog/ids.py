"""Drawn ids: UUIDv7, whose order is time's, so that new rows land at the end of their indexes."""

from __future__ import annotations

import time

import uuid_utils


def new_id() -> str:
    """A fresh id: 32 hexadecimal digits."""
    return uuid_utils.uuid7().hex


def now_us() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000
