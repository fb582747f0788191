"""Credentials: what an API key looks like, how one is recognised, and the short memory that makes it cheap.

A key is `eunoe_<key id>_<256-bit secret>`, shown once and kept as SHA-256. Missing, unknown and revoked keys get one answer.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from service.app.principal import Principal
from service.app.reads import Reads
from service.catalog.engine import Connection
from service.catalog.ids import new_id
from service.catalog.instances import find_key
from service.domain.errors import Unauthenticated

T = TypeVar("T")

CACHED_SECONDS = 5.0
"""How long a key is believed, known and unknown alike (design section 8)."""
CACHED_KNOWN = 4096
CACHED_UNKNOWN = 1024
"""Unknown keys have a memory of their own, so that a flood of them pushes no good one out."""

_FORM = re.compile(r"eunoe_([0-9a-f]{32})_[0-9a-f]{64}")
_NOBODY = hashlib.sha256(b"").digest()


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just drawn."""

    key_id: str
    secret: str
    """The whole key, as a caller sends it."""
    secret_hash: bytes


def draw_key() -> NewKey:
    """A fresh key."""
    key_id = new_id()
    secret = f"eunoe_{key_id}_{secrets.token_hex(32)}"
    return NewKey(key_id, secret, hashlib.sha256(secret.encode()).digest())


def denied() -> Unauthenticated:
    """The one answer for every credential that opens nothing."""
    return Unauthenticated("the credential is missing, unknown or revoked: send `authorization: Bearer <key>` with a valid key")


class Keys:
    """Recognises API keys."""

    def __init__(self, reads: Reads, clock: Callable[[], float] = time.monotonic) -> None:
        """Read keys through these reads."""
        self._reads = reads
        self._clock = clock
        self._known: dict[bytes, tuple[float, Principal]] = {}
        self._unknown: dict[bytes, float] = {}
        self._loading = asyncio.Lock()

    async def authenticate(self, key: str) -> Principal:
        """Whose key this is.

        Raises:
            Unauthenticated: it opens nothing.
        """
        digest = hashlib.sha256(key.encode()).digest()
        found = self._known.get(digest)
        if found is not None and found[0] > self._clock():
            return found[1]
        form = _FORM.fullmatch(key)
        if form is None:
            raise denied()
        async with self._loading:
            return await self._load(form[1], digest)

    async def _load(self, key_id: str, digest: bytes) -> Principal:
        now = self._clock()
        found = self._known.get(digest)
        if found is not None and found[0] > now:
            return found[1]  # somebody else just read it
        if self._unknown.get(digest, 0.0) > now:
            raise denied()
        principal = await self._reads.run(lambda connection: _read(connection, key_id, digest))
        until = self._clock() + CACHED_SECONDS
        if principal is None:
            self._known.pop(digest, None)
            _put(self._unknown, digest, until, CACHED_UNKNOWN)
            raise denied()
        self._unknown.pop(digest, None)
        _put(self._known, digest, (until, principal), CACHED_KNOWN)
        return principal


def _read(connection: Connection, key_id: str, digest: bytes) -> Principal | None:
    found = find_key(connection, key_id)
    is_right = hmac.compare_digest(_NOBODY if found is None else found[0].secret_hash, digest)
    if found is None or not is_right or found[0].revoke_time is not None:
        return None
    instance = found[1]
    return Principal(instance.instance_id, instance.name, instance.isolation, key_id)


def _put(cache: dict[bytes, T], digest: bytes, value: T, bound: int) -> None:
    cache.pop(digest, None)
    if len(cache) >= bound:
        del cache[next(iter(cache))]
    cache[digest] = value
