"""Updates of memories, wire to domain."""

from __future__ import annotations

from eunoe.v1 import memory_service_pb2 as wire

from service.app.memories import MemoryUpdate
from service.app.merge import MergeStrategy
from service.rpc.convert.checks import Checks
from service.rpc.convert.values import plain

_STRATEGIES = {
    wire.MERGE_STRATEGY_UNSPECIFIED: MergeStrategy.SMART_MERGE,
    wire.MERGE_STRATEGY_REPLACE: MergeStrategy.REPLACE,
    wire.MERGE_STRATEGY_APPEND: MergeStrategy.APPEND,
    wire.MERGE_STRATEGY_SMART_MERGE: MergeStrategy.SMART_MERGE,
}


def memory_update(checks: Checks, request: wire.UpdateMemoryRequest) -> MemoryUpdate:
    """What to change of a memory, checked.

    Raises:
        InvalidArgument: a field holds what it may not.
    """
    checks.ids(
        "",
        memory_id=request.memory_id,
        user_id=request.user_id,
        customer_id=request.customer_id,
        request_id=request.request_id,
    )
    has_content, has_metadata = request.HasField("content"), request.HasField("metadata")
    if has_metadata:
        checks.metadata("metadata", request.metadata)
    return MemoryUpdate(
        memory_id=request.memory_id,
        user_id=request.user_id,
        customer_id=request.customer_id,
        content=checks.content("content", request.content, int(checks.limits.message)) if has_content else None,
        strategy=_STRATEGIES[request.merge_strategy],
        confidence=request.confidence if request.HasField("confidence") else None,
        metadata=plain(request.metadata) if has_metadata else None,
        version=request.version,
    )
