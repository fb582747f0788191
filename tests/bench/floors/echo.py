"""The floor of calls: a bare grpc.aio server that sends single requests back as they came, and counts the items of streams.

Told of a model, it embeds the question of a fetch before it sends it back: the least a fetch must do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
from eunoe.v1.memory_service_pb2 import MemoryServiceFetchContextRequest
from grpc import aio

from tests.bench.jobs import end_with_input, say, told


async def _echo(request: bytes, _context: Any) -> bytes:
    return request


async def _sink(requests: AsyncIterator[bytes], _context: Any) -> bytes:
    count = 0
    async for _ in requests:
        count += 1
    return b""


def _embedding_echo(model_dir: str) -> Callable[[bytes, Any], Awaitable[bytes]]:
    from service.embedders.local import LocalEmbedder  # noqa: PLC0415 - an echo without a model stays small

    embedder = LocalEmbedder.open(Path(model_dir))

    async def answer(request: bytes, _context: Any) -> bytes:
        embedder.embed_one(MemoryServiceFetchContextRequest.FromString(request).query.search_queries[0])
        return request

    return answer


async def _serve(model_dir: str) -> None:
    server = aio.server()
    methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        "RecordMessage": grpc.unary_unary_rpc_method_handler(_echo),
        "FetchContext": grpc.unary_unary_rpc_method_handler(_embedding_echo(model_dir) if model_dir else _echo),
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
    spec = told()
    end_with_input()
    asyncio.run(_serve(spec["model_dir"]))
