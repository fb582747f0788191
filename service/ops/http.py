"""The HTTP port for operators: `/metrics`, `/healthz`, `/readyz`, and nothing else.

It runs on the loop that serves gRPC, on purpose: a probe that answers from a thread of its own would call a stuck loop healthy. It speaks as much HTTP/1.1 as
Prometheus, probes and curl need: one GET per connection, bounded in size, time and number.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from service.ops.metrics import CONTENT_TYPE

_REQUEST_BYTES = 8192
_CONNECTIONS = 32
_SECONDS = 5.0
_PLAIN = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Probes:
    """What the pages ask; called on the loop, so they answer from memory."""

    live: Callable[[], Sequence[str]]
    """Reasons why only a restart would help; none means live."""

    ready: Callable[[], Sequence[str]]
    """Reasons why no calls should be sent here; none means ready."""

    metrics: Callable[[], bytes]
    """The text of `/metrics`."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: HTTPStatus
    body: bytes
    kind: str = _PLAIN


class HttpServer:
    """One listening socket with the operators' pages."""

    def __init__(self, probes: Probes) -> None:
        self._probes = probes
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self, address: str) -> str:
        """Listen on `HOST:PORT` and return the address in use (port 0 becomes a real one).

        Raises:
            OSError: the port is taken or the host is not this machine's.
        """
        host, _, port = address.rpartition(":")
        self._server = await asyncio.start_server(self._serve, host.strip("[]"), int(port), limit=_REQUEST_BYTES)
        return f"{host}:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Close the port and what is open on it."""
        if self._server is None:
            return
        self._server.close()
        for writer in list(self._open):
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= _CONNECTIONS:
            writer.close()
            return
        self._open.add(writer)
        try:
            async with asyncio.timeout(_SECONDS):
                writer.write(await self._exchange(reader))
                await writer.drain()
        except (TimeoutError, OSError):
            pass  # the peer is gone or too slow: nobody is left to tell
        finally:
            self._open.discard(writer)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader) -> bytes:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""
        except asyncio.LimitOverrunError:
            return _render(_Answer(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, b"request too large\n"), has_body=True)
        parts = head.split(b"\r\n", 1)[0].split(b" ")
        if len(parts) != 3 or not parts[2].startswith(b"HTTP/1."):
            return _render(_Answer(HTTPStatus.BAD_REQUEST, b"not an HTTP/1 request\n"), has_body=True)
        if parts[0] not in (b"GET", b"HEAD"):
            return _render(_Answer(HTTPStatus.METHOD_NOT_ALLOWED, b"only GET\n"), has_body=True)
        return _render(self._page(parts[1].split(b"?", 1)[0]), has_body=parts[0] == b"GET")

    def _page(self, path: bytes) -> _Answer:
        if path == b"/metrics":
            return _Answer(HTTPStatus.OK, self._probes.metrics(), CONTENT_TYPE)
        if path == b"/healthz":
            return _verdict(self._probes.live())
        if path == b"/readyz":
            return _verdict(self._probes.ready())
        return _Answer(HTTPStatus.NOT_FOUND, b"pages: /metrics /healthz /readyz\n")


def _verdict(reasons: Sequence[str]) -> _Answer:
    if reasons:
        return _Answer(HTTPStatus.SERVICE_UNAVAILABLE, "".join(f"{reason}\n" for reason in reasons).encode())
    return _Answer(HTTPStatus.OK, b"ok\n")


def _render(answer: _Answer, *, has_body: bool) -> bytes:
    allow = "Allow: GET, HEAD\r\n" if answer.status is HTTPStatus.METHOD_NOT_ALLOWED else ""
    head = (
        f"HTTP/1.1 {answer.status.value} {answer.status.phrase}\r\n"
        f"Content-Type: {answer.kind}\r\n"
        f"Content-Length: {len(answer.body)}\r\n"
        f"{allow}Cache-Control: no-store\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + (answer.body if has_body else b"")
