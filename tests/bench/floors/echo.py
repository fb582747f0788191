"""The floor of calls: a bare grpc.aio server that sends single requests back as they came, and counts the items of streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from grpc import aio

from tests.bench.jobs import end_with_input, say, told


async def _echo(request: bytes, _context: Any) -> bytes:
    return request


async def _sink(requests: AsyncIterator[bytes], _context: Any) -> bytes:
    count = 0
    async for _ in requests:
        count += 1
    return b""


async def _serve() -> None:
    server = aio.server()
    methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        "RecordMessage": grpc.unary_unary_rpc_method_handler(_echo),
        "FetchContext": grpc.unary_unary_rpc_method_handler(_echo),
        "StreamMessages": grpc.stream_unary_rpc_method_handler(_sink),
    }
    server.add_generic_rpc_handlers(
        [
            grpc.method_handlers_generic_handler("eunoe.v1.ConversationService", methods),
            grpc.method_handlers_generic_handler("eunoe.v1.MemoryService", methods),
        ]
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    say({"address": f"127.0.0.1:{port}"})
    await server.wait_for_termination()


if __name__ == "__main__":
    told()
    end_with_input()
    asyncio.run(_serve())
