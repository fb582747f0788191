"""Instances and API keys, domain to wire."""

from __future__ import annotations

from eunoe.v1 import instance_pb2

from service.catalog.instances import InstanceRow, KeyRow
from service.rpc.convert.kinds import isolations
from service.rpc.convert.values import optional_timestamp, timestamp


def instance(row: InstanceRow) -> instance_pb2.Instance:
    """An instance; callers know it by its name."""
    return instance_pb2.Instance(
        instance_id=row.name,
        isolation=isolations.to_wire[row.isolation],
        create_time=timestamp(row.create_time),
    )


def api_key(row: KeyRow, instance_name: str) -> instance_pb2.ApiKey:
    """An API key without its secret."""
    return instance_pb2.ApiKey(
        key_id=row.key_id,
        instance_id=instance_name,
        label=row.label,
        create_time=timestamp(row.create_time),
        revoke_time=optional_timestamp(row.revoke_time),
    )
