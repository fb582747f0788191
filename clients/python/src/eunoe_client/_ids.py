"""Ids that the SDK draws where the caller gives none, so that a call that is sent again is recognised."""

from __future__ import annotations

import secrets
import time


def draw_id() -> str:
    """A UUID of version 7 (RFC 9562, section 5.7) as 32 hexadecimal digits: 48 bits of Unix milliseconds, then chance."""
    millis = time.time_ns() // 1_000_000
    high = millis << 16 | 0x7 << 12 | secrets.randbits(12)
    low = 0b10 << 62 | secrets.randbits(62)
    return f"{high << 64 | low:032x}"
