"""Positions of this deployment: what writes return and fetches wait for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from service.app.principal import Principal
from service.domain.position import Position, decode_position, encode_position
from service.domain.writes import LogEntry


@dataclass(frozen=True, slots=True)
class Positions:
    """Makes and reads position tokens."""

    log_epoch: int
    shards: int

    def of_entry(self, principal: Principal, entry: LogEntry) -> str:
        """The position of one write."""
        return encode_position(self.log_epoch, principal.instance_id, (((entry.shard, entry.lane), entry.seq),))

    def of_entries(self, principal: Principal, entries: Iterable[tuple[tuple[int, int], int]]) -> str:
        """The position of many writes: (shard, lane) and the highest seq of each. None: reached at once."""
        return encode_position(self.log_epoch, principal.instance_id, sorted(entries))

    def now(self, principal: Principal) -> str:
        """The position of an update or delete, which every later fetch sees by itself."""
        return encode_position(self.log_epoch, principal.instance_id, ())

    def read(self, principal: Principal, token: str) -> Position:
        """The position of a token.

        Raises:
            InvalidArgument: garbled, or of another deployment or instance.
        """
        return decode_position(token, self.log_epoch, principal.instance_id)
