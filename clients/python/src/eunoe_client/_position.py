"""Merging positions, so that one token can stand for many writes. What a position means is the service's business.

Layout before base64url, big-endian: format byte, log epoch (8 bytes), instance (16 bytes), then entries of a key (3 bytes) and
a number (8 bytes), then the CRC-32 of all that. The highest number of each key wins. A test compares this with the service.
"""

from __future__ import annotations

import base64
import binascii
import struct
import zlib

_FORMAT = 1
_HEAD_SIZE = 25
_ENTRY = struct.Struct(">3sQ")
_CRC = struct.Struct(">I")


def merge_positions(older: str, newer: str) -> str:
    """The position that is reached when both are.

    Where the two cannot be compared, because they come from different stores or one has a layout that is newer than this SDK, the newer
    one stands alone: the older store is gone, so waiting for it would fail.
    """
    if not older or not newer or older == newer:
        return newer or older
    first, second = _decode(older), _decode(newer)
    if first is None or second is None or first[0] != second[0]:
        return newer
    numbers = dict(first[1])
    for key, number in second[1].items():
        numbers[key] = max(number, numbers.get(key, 0))
    return _encode(second[0], numbers)


def _decode(token: str) -> tuple[bytes, dict[bytes, int]] | None:
    try:
        data = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    body = data[: -_CRC.size]
    size = len(body) - _HEAD_SIZE
    if size < 0 or size % _ENTRY.size or body[0] != _FORMAT or _CRC.pack(zlib.crc32(body)) != data[-_CRC.size :]:
        return None
    return body[:_HEAD_SIZE], dict(_ENTRY.iter_unpack(body[_HEAD_SIZE:]))


def _encode(head: bytes, numbers: dict[bytes, int]) -> str:
    body = head + b"".join(_ENTRY.pack(key, number) for key, number in sorted(numbers.items()))
    return base64.urlsafe_b64encode(body + _CRC.pack(zlib.crc32(body))).rstrip(b"=").decode()
