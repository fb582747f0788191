"""How a value is read from text or TOML, and what is said when it cannot be. Knows types, not settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin
from urllib.parse import urlsplit

from service.settings.schema import Address, Brokers, DatabaseUrl, Location, Secret, Size, TopicPrefix

_UNITS = {"": 1, "B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}
_SECONDS = {"": 1.0, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_AMOUNT = re.compile(r"(\d{1,18}(?:\.\d{1,9})?)\s*([A-Za-z]*)")
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})")
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()-]+)*/?")
_PASSWORD = re.compile(r"((?<=://)[^:/@]*:|[?&](?:ssl)?password=)[^@&]*")
_PREFIX = re.compile(r"[A-Za-z0-9._-]{1,200}")
_SECRET = re.compile(r"[!-~]{16,4096}")
_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}

_EXPECTED: Mapping[object, str] = {
    int: "a whole number",
    bool: "true or false",
    Size: "a number of bytes, or a text with a unit such as '32 KB' or '256 MB'",
    timedelta: "a number of seconds, or a text with a unit such as '5ms' or '30s'",
    Address: "HOST:PORT such as '127.0.0.1:50051' or '[::1]:50051'",
    Brokers: "HOST:PORT, or several with commas between, such as 'kafka-1:9092,kafka-2:9092'",
    TopicPrefix: "1 to 200 letters, digits, dots, dashes and underscores",
    Path: "a path",
    Location: "a path, or s3://BUCKET/PREFIX",
    DatabaseUrl: "a URL such as 'postgresql://eunoe@db.internal/eunoe'",
    Secret: "a text of at least 16 visible ASCII characters without spaces",
}


class Refused(ValueError):
    """The value does not fit; the message says what is allowed."""


def expected(kind: Any, lowest: float | None, highest: float | None) -> str:
    """What is allowed for a setting of this type, for a person."""
    kind = without_none(kind)
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(get_args(kind))
    text = _EXPECTED[kind]
    least = "" if lowest is None else f", at least {lowest:g}"
    most = "" if highest is None else f", at most {highest:.0f}"
    return text + least + most


def without_none(kind: Any) -> Any:
    """The type behind an optional one."""
    if NoneType in get_args(kind):
        return next(part for part in get_args(kind) if part is not NoneType)
    return kind


def convert(kind: Any, raw: object, *, lowest: float | None, highest: float | None, base: Path) -> Any:
    """Read one value.

    Args:
        kind: the annotated type of the setting.
        raw: text, or a typed TOML value.
        lowest: the smallest amount allowed: seconds for durations, bytes for sizes.
        highest: the largest amount allowed.
        base: the directory that relative paths start from.

    Raises:
        Refused: with what would be allowed.
    """
    kind = without_none(kind)
    if get_origin(kind) is Literal:
        value: Any = _choice(kind, raw)
    elif kind is Path:
        value = _path(raw, base)
    elif without_none(kind) is Location:
        value = _location(raw, base)
    else:
        value = _READERS[kind](raw)
    amount = value.total_seconds() if isinstance(value, timedelta) else value
    if value is None or (lowest is not None and amount < lowest) or (highest is not None and amount > highest):
        raise Refused(expected(kind, lowest, highest))
    return value


def _choice(kind: Any, raw: object) -> str:
    if raw not in get_args(kind):
        raise Refused(expected(kind, None, None))
    return str(raw)


def _path(raw: object, base: Path) -> Path | None:
    if not isinstance(raw, str | Path) or not str(raw) or "\0" in str(raw):
        return None
    return Path(base, Path(raw).expanduser()).absolute()


def _location(raw: object, base: Path) -> Location | None:
    if isinstance(raw, str) and "://" in raw:
        return Location(raw.rstrip("/")) if _BUCKET.fullmatch(raw) else None
    path = _path(raw, base)
    return None if path is None else Location(str(path))


def _whole(raw: object) -> int | None:
    if isinstance(raw, str) and re.fullmatch(r"[+-]?\d(_?\d){0,17}", raw.strip()):
        return int(raw)
    return raw if isinstance(raw, int) and not isinstance(raw, bool) else None


def _truth(raw: object) -> bool | None:
    return raw if isinstance(raw, bool) else _WORDS.get(str(raw).lower()) if isinstance(raw, str) else None


def _size(raw: object) -> Size | None:
    amount = _amount(raw, {unit.lower(): factor for unit, factor in _UNITS.items()})
    return None if amount is None or isinstance(raw, float) else Size(int(amount))


def _duration(raw: object) -> timedelta | None:
    seconds = _amount(raw, _SECONDS)
    try:
        return None if seconds is None else timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return None


def _amount(raw: object, units: Mapping[str, float]) -> float | None:
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return raw
    found = _AMOUNT.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if found is None or found[2].lower() not in units:
        return None
    return float(found[1]) * units[found[2].lower()]


def _address(raw: object) -> Address | None:
    found = _ADDRESS.fullmatch(raw) if isinstance(raw, str) else None
    return Address(found[0]) if found and int(found[2]) <= 65535 else None


def _brokers(raw: object) -> Brokers | None:
    addresses = [_address(part.strip()) for part in raw.split(",")] if isinstance(raw, str) else [None]
    return None if None in addresses else Brokers(",".join(str(address) for address in addresses))


def _prefix(raw: object) -> TopicPrefix | None:
    return TopicPrefix(raw) if isinstance(raw, str) and _PREFIX.fullmatch(raw) else None


def _secret(raw: object) -> Secret | None:
    return Secret(raw) if isinstance(raw, str) and _SECRET.fullmatch(raw) else None


def _database_url(raw: object) -> DatabaseUrl | None:
    if not isinstance(raw, str) or not re.fullmatch(r"[!-~]+", raw):
        return None
    try:
        parts = urlsplit(raw)
        is_whole = parts.scheme in ("postgresql", "postgres") and len(parts.path) > 1 and (parts.port or 1) > 0
    except ValueError:  # a port that is none
        return None
    return DatabaseUrl(raw) if is_whole else None


def without_password(url: str) -> str:
    """A URL as it may be shown."""
    return _PASSWORD.sub(r"\1***", url)


def hidden(kind: Any, raw: object) -> str | None:
    """What may be shown of a value of this type, where that is not all of it."""
    if without_none(kind) is Secret:
        return "***"
    return without_password(str(raw)) if without_none(kind) is DatabaseUrl else None


_READERS: Mapping[object, Callable[[object], Any]] = {
    int: _whole,
    bool: _truth,
    Size: _size,
    timedelta: _duration,
    Address: _address,
    DatabaseUrl: _database_url,
    Brokers: _brokers,
    TopicPrefix: _prefix,
    Secret: _secret,
}
