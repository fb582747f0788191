"""What a field may hold beyond what its rules in the protos say: NUL, blank content, time zones, metadata, this deployment's narrower limits.

Every refusal names the field and, where there is one, the limit.
"""

from __future__ import annotations

import re
from functools import lru_cache
from zoneinfo import ZoneInfo

from google.protobuf.struct_pb2 import Struct

from service.domain.errors import FieldViolation, InvalidArgument
from service.rpc.convert.values import canonical_json
from service.settings import Limits

_OFFSET = re.compile(r"[+-](?:[01]\d|2[0-3]):?[0-5]\d")


WIRE_ID = 256
"""Characters of an id that the rules in the protos allow."""


class Checks:
    """The checks of one deployment."""

    def __init__(self, limits: Limits) -> None:
        """Take what callers may send."""
        self.limits = limits
        self._ids_are_checked = limits.id == WIRE_ID
        """Whether the rules in the protos say it all."""

    def ids(self, prefix: str, **values: str) -> None:
        """Ids and names: no NUL, and not longer than this deployment allows.

        Args:
            prefix: the path of the message that holds them, with its dot.
            values: by field.

        Raises:
            InvalidArgument: one of them is wrong.
        """
        joined = "".join(values.values())
        if "\0" not in joined and (self._ids_are_checked or len(joined) <= self.limits.id):
            return
        for field, value in values.items():
            if "\0" in value:
                raise invalid(prefix + field, "must not hold the character NUL")
            if len(value) > self.limits.id:
                raise over_limit(prefix + field, self.limits.id, "characters")

    def content(self, field: str, text: str, limit: int) -> str:
        """Content: not blank, not too large; NUL becomes U+FFFD.

        Raises:
            InvalidArgument: it is blank or too large.
        """
        if not text or text.isspace():
            raise invalid(field, "must not be empty or blank")
        if len(text) * 4 > limit and len(text.encode()) > limit:
            raise over_limit(field, limit, "bytes")
        return text.replace("\0", "\ufffd") if "\0" in text else text

    def metadata(self, field: str, struct: Struct) -> str:
        """Free-form data as canonical JSON, empty where there is none.

        Raises:
            InvalidArgument: it is too large, has too many keys, or holds NUL, NaN or an infinite number.
        """
        if len(struct.fields) > self.limits.metadata_keys:
            raise over_limit(field, self.limits.metadata_keys, "top-level keys")
        try:
            text = canonical_json(struct.SerializeToString())
        except ValueError as error:
            raise invalid(field, "must hold finite numbers and no character NUL") from error
        if len(text) * 4 > self.limits.metadata and len(text.encode()) > self.limits.metadata:
            raise over_limit(field, self.limits.metadata, "bytes of JSON")
        return text

    def count(self, field: str, items: int, limit: int) -> None:
        """How many a list holds.

        Raises:
            InvalidArgument: too many.
        """
        if items > limit:
            raise over_limit(field, limit, "items")

    def time_zone(self, field: str, name: str) -> str:
        """A time zone, or nothing.

        Raises:
            InvalidArgument: neither an IANA name nor an offset.
        """
        if name and not is_time_zone(name):
            raise invalid(field, "must be an IANA time zone such as Europe/Rome, or an offset such as +02:00")
        return name


@lru_cache(maxsize=1024)
def is_time_zone(name: str) -> bool:
    """Whether this is an IANA name or ±HH:MM."""
    if _OFFSET.fullmatch(name):
        return True
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def invalid(field: str, rule: str) -> InvalidArgument:
    """A field that holds what it may not."""
    return InvalidArgument(f"{field} {rule}", values={"field": field}, fields=[FieldViolation(field, rule)])


def over_limit(field: str, limit: int, unit: str) -> InvalidArgument:
    """A field that is longer or larger than its limit."""
    rule = f"must be at most {limit} {unit}".rstrip()
    return InvalidArgument(
        f"{field} {rule}",
        reason="LIMIT_EXCEEDED",
        values={"field": field, "limit": str(limit), "unit": unit},
        fields=[FieldViolation(field, rule)],
    )
