"""Where the service is and how long to wait for it. Read from arguments and the environment once, when the client is made."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from eunoe_client._words import invalid

DEFAULT_ADDRESS = "127.0.0.1:50051"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How many seconds the SDK waits, retries included.

    Example:
        >>> Timeouts(call=5.0)
        Timeouts(connect=5.0, call=5.0, stream=60.0)
    """

    connect: float = 5.0
    """For `initialize()` to reach the service."""

    call: float = 30.0
    """For one call. Every verb takes a `timeout` of its own, which goes before this."""

    stream: float = 60.0
    """For one segment of a stream to be acknowledged, through as many reconnects as fit in. Then the stream fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a connection is made from. Its text shows no key."""

    address: str
    """`HOST:PORT`, or several of them with commas between."""
    api_key: str
    root_certificate: bytes | None
    use_tls: bool
    timeouts: Timeouts

    def __repr__(self) -> str:
        return f"Settings(address={self.address!r}, use_tls={self.use_tls})"

    @property
    def addresses(self) -> tuple[str, ...]:
        """Each `HOST:PORT`."""
        return split_addresses(self.address)


def read_settings(
    api_key: str | None,
    address: str | None,
    *,
    tls: bool | None,
    ca_certificate: str | os.PathLike[str] | None,
    timeouts: Timeouts | None,
) -> Settings:
    """The settings from arguments, else from `EUNOE_API_KEY` and `EUNOE_ADDRESS`.

    Raises:
        InvalidInputError: there is no key, or it cannot be a key; there is no address.
    """
    key = (api_key or os.environ.get("EUNOE_API_KEY", "")).strip()
    if not key:
        raise invalid("api_key", "is missing: pass it or set EUNOE_API_KEY")
    if not (key.isascii() and key.isprintable()):
        raise invalid("api_key", "must be printable ASCII")
    where = address or os.environ.get("EUNOE_ADDRESS") or DEFAULT_ADDRESS
    if not split_addresses(where):
        raise invalid("address", f"names no service: {where!r}")
    return Settings(
        address=where,
        api_key=key,
        root_certificate=Path(ca_certificate).read_bytes() if ca_certificate else None,
        use_tls=(ca_certificate is not None or not all(map(is_loopback, split_addresses(where)))) if tls is None else tls,
        timeouts=timeouts or Timeouts(),
    )


def split_addresses(text: str) -> tuple[str, ...]:
    """The addresses in a text that holds one, or several with commas between."""
    return tuple(address.strip() for address in text.split(",") if address.strip())


def is_loopback(address: str) -> bool:
    """Whether nothing on the way to the address can listen in."""
    if address.startswith("unix:"):
        return True
    host = address.rsplit(":", 1)[0].strip("[]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
