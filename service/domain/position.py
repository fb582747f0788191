"""Positions: opaque tokens that a write returns and a read may wait for.

Layout before base64url, big-endian: format byte, log epoch (8 bytes), instance id (16 bytes), then one entry of shard (2),
lane (1) and seq (8) each, then CRC-32 of all that. Positions of one instance merge by taking the highest seq of each (shard, lane).
"""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from service.domain.errors import FieldViolation, InvalidArgument

_FORMAT = 1
_HEAD = struct.Struct(">BQ16s")
_ENTRY = struct.Struct(">HBQ")
_CRC = struct.Struct(">I")
_MAX_ENTRIES = 1024


@dataclass(frozen=True, slots=True)
class Position:
    """How far each (shard, lane) must have come. No entries: reached at once."""

    log_epoch: int
    instance_id: str
    """32 hexadecimal digits."""
    entries: Mapping[tuple[int, int], int] = field(default_factory=dict)

    def merge(self, other: Position) -> Position:
        """The position that is reached when both are."""
        entries = dict(self.entries)
        for key, seq in other.entries.items():
            entries[key] = max(seq, entries.get(key, 0))
        return Position(self.log_epoch, self.instance_id, entries)


def encode_position(log_epoch: int, instance_id: str, entries: Iterable[tuple[tuple[int, int], int]]) -> str:
    """The token of a position."""
    body = _HEAD.pack(_FORMAT, log_epoch, bytes.fromhex(instance_id)) + b"".join(
        _ENTRY.pack(shard, lane, seq) for (shard, lane), seq in entries
    )
    return base64.urlsafe_b64encode(body + _CRC.pack(zlib.crc32(body))).rstrip(b"=").decode()


def decode_position(token: str, log_epoch: int, instance_id: str) -> Position:
    """The position of a token that this deployment gave to this instance.

    Raises:
        InvalidArgument: garbled, or of another log epoch or instance; which of them is not told.
    """
    position = _parse(token)
    if position is None or position.log_epoch != log_epoch or position.instance_id != instance_id:
        raise InvalidArgument(
            "min_position is not a position that this service gave to this instance; leave it empty or use the one a write returned",
            reason="POSITION_INVALID",
            fields=[FieldViolation("min_position", "must be a position returned by a write of this instance")],
        )
    return position


def _parse(token: str) -> Position | None:
    try:
        data = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    body, crc = data[: -_CRC.size], data[-_CRC.size :]
    size = len(body) - _HEAD.size
    if size < 0 or size % _ENTRY.size or size // _ENTRY.size > _MAX_ENTRIES or _CRC.pack(zlib.crc32(body)) != crc:
        return None
    form, epoch, instance = _HEAD.unpack_from(body)
    if form != _FORMAT:
        return None
    entries = {
        (shard, lane): seq
        for shard, lane, seq in (_ENTRY.unpack_from(body, at) for at in range(_HEAD.size, len(body), _ENTRY.size))
    }
    return Position(epoch, instance.hex(), entries)
