"""What the operators' HTTP port promises: three pages, true answers, and bounds on what a peer can cost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from service.ops import http
from service.ops.http import HttpServer, Probes


class Pages:
    """A running server whose answers a test can change."""

    def __init__(self) -> None:
        self.live: list[str] = []
        self.ready: list[str] = []
        self.server = HttpServer(Probes(live=lambda: self.live, ready=lambda: self.ready, metrics=lambda: b"eunoe_x 1\n"))
        self.host, self.port = "127.0.0.1", 0

    async def start(self) -> None:
        """Listen on a free port."""
        address = await self.server.start("127.0.0.1:0")
        self.port = int(address.rpartition(":")[2])

    async def send(self, request: bytes) -> bytes:
        """One connection: the request's bytes, then everything that comes back."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        writer.write(request)
        try:
            async with asyncio.timeout(10):
                return await reader.read()
        finally:
            writer.close()

    async def get(self, path: str) -> tuple[int, str]:
        """Status and body of a page."""
        head, _, body = (await self.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())).partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), body.decode()


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    """A server on a free port."""
    made = Pages()
    await made.start()
    yield made
    await made.server.stop()


async def test_metrics_are_served_as_they_are(pages: Pages) -> None:
    """`/metrics` gives the text it was handed, in Prometheus' content type."""
    answer = await pages.send(b"GET /metrics?name=x HTTP/1.1\r\nHost: x\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Type: text/plain; version=0.0.4" in head
    assert f"Content-Length: {len(body)}".encode() in head
    assert body == b"eunoe_x 1\n"


async def test_probes_say_yes_or_why_not(pages: Pages) -> None:
    """Ready and live are told apart, and a 503 lists its reasons."""
    assert await pages.get("/healthz") == (200, "ok\n")
    assert await pages.get("/readyz") == (200, "ok\n")
    pages.ready = ["owner is starting", "draining"]
    assert await pages.get("/readyz") == (503, "owner is starting\ndraining\n")
    assert await pages.get("/healthz") == (200, "ok\n")
    pages.live = ["commit thread died"]
    assert await pages.get("/healthz") == (503, "commit thread died\n")


async def test_head_has_the_length_but_no_body(pages: Pages) -> None:
    """HEAD answers like GET without the body."""
    answer = await pages.send(b"HEAD /healthz HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK") and b"Content-Length: 3" in answer
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /../etc/passwd HTTP/1.1\r\n\r\n", 404),
        (b"POST /metrics HTTP/1.1\r\n\r\n", 405),
        (b"\x16\x03\x01 nonsense\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\n", 400),
        (b"GET /" + b"x" * 100_000, 431),
    ],
)
async def test_anything_else_is_refused_and_the_port_stays_up(pages: Pages, request_bytes: bytes, status: int) -> None:
    """Unknown pages, methods, protocols and endless requests get an error and cost nothing more."""
    assert (await pages.send(request_bytes)).startswith(f"HTTP/1.1 {status} ".encode())
    assert (await pages.get("/healthz"))[0] == 200


async def test_connections_are_bounded(pages: Pages) -> None:
    """Beyond the limit a connection is closed at once, and room returns when others leave."""
    silent = [await asyncio.open_connection(pages.host, pages.port) for _ in range(http._CONNECTIONS)]
    assert await pages.send(b"") == b""
    for _, writer in silent:
        writer.close()
    async with asyncio.timeout(10):
        while (await pages.send(b"GET /healthz HTTP/1.1\r\n\r\n")) == b"":
            pass


async def test_stopping_closes_what_is_open() -> None:
    """A silent peer does not hold up the end, and the port is free afterwards."""
    pages = Pages()
    await pages.start()
    reader, writer = await asyncio.open_connection(pages.host, pages.port)
    await pages.get("/healthz")
    async with asyncio.timeout(2):
        await pages.server.stop()
        assert await reader.read() == b""
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(pages.host, pages.port)
