"""What makes results readable both ways: `result.message_id` and `result["message_id"]`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any


class Record(Mapping[str, Any]):
    """A frozen dataclass that is also a mapping of its fields.

    Properties can be read by key too; iterating gives the fields alone.

    Example:
        >>> from eunoe_client import ItemError
        >>> error = ItemError(index=3, code="INVALID_ARGUMENT", reason="FIELD_INVALID", message="empty", field="content", item_id="m3")
        >>> error["index"], dict(error)["field"]
        (3, 'content')
    """

    __slots__ = ()

    def __getitem__(self, key: str) -> Any:
        if key in type(self).__dataclass_fields__ or isinstance(getattr(type(self), key, None), property):  # type: ignore[attr-defined]
            return getattr(self, key)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(type(self).__dataclass_fields__)  # type: ignore[attr-defined]  # every record is a dataclass

    def __len__(self) -> int:
        return len(type(self).__dataclass_fields__)  # type: ignore[attr-defined]

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain dictionaries and lists, down to the last; times stay datetimes."""
        return {name: _plain(getattr(self, name)) for name in self}


def _plain(value: object) -> object:
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return value
