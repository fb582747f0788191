"""What the catalog alone can say of a failure; everything else is `service.domain.errors`."""

from __future__ import annotations

from service.domain.errors import ResourceExhausted, Unavailable


class StorageFull(ResourceExhausted):
    """The catalog's volume is full."""

    default_reason = "STORAGE_FULL"


class Overtaken(Unavailable):
    """Somebody else was at the same rows; nothing was written, and the transaction may be repeated at once."""
