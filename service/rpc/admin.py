"""AdminService: decode, one use case, encode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from eunoe.v1 import admin_service_pb2 as wire

from service.app.instances import Instances
from service.domain.kinds import Isolation
from service.rpc.call import Call
from service.rpc.convert import instances as convert
from service.rpc.convert.checks import Checks
from service.rpc.convert.kinds import isolations


@dataclass(frozen=True, slots=True)
class AdminService:
    """The RPCs of the operator, and WhoAmI."""

    checks: Checks
    instances: Instances

    operator_rpcs: ClassVar[frozenset[str]] = frozenset(
        {"CreateInstance", "GetInstance", "ListInstances", "CreateApiKey", "ListApiKeys", "RevokeApiKey"}
    )
    """These need the admin token; the others an instance's key."""

    async def CreateInstance(self, request: wire.CreateInstanceRequest, call: Call) -> wire.CreateInstanceResponse:
        """Create an instance."""
        self.checks.ids("", instance_id=request.instance_id, request_id=request.request_id)
        isolation = isolations.to_domain.get(request.isolation, Isolation.STRICT)
        row = await self.instances.create_instance(request.instance_id, isolation, request.request_id, call.expires)
        return wire.CreateInstanceResponse(instance=convert.instance(row))

    async def GetInstance(self, request: wire.GetInstanceRequest, _call: Call) -> wire.GetInstanceResponse:
        """Show an instance."""
        self.checks.ids("", instance_id=request.instance_id)
        return wire.GetInstanceResponse(instance=convert.instance(await self.instances.get_instance(request.instance_id)))

    async def ListInstances(self, request: wire.ListInstancesRequest, _call: Call) -> wire.ListInstancesResponse:
        """List the instances."""
        rows, token = await self.instances.list_instances(request.page_size, request.page_token)
        return wire.ListInstancesResponse(instances=[convert.instance(row) for row in rows], next_page_token=token)

    async def CreateApiKey(self, request: wire.CreateApiKeyRequest, call: Call) -> wire.CreateApiKeyResponse:
        """Create an API key."""
        self.checks.ids("", instance_id=request.instance_id, label=request.label, request_id=request.request_id)
        row, secret = await self.instances.create_key(request.instance_id, request.label, request.request_id, call.expires)
        return wire.CreateApiKeyResponse(api_key=convert.api_key(row, request.instance_id), secret=secret)

    async def ListApiKeys(self, request: wire.ListApiKeysRequest, _call: Call) -> wire.ListApiKeysResponse:
        """List the API keys of an instance."""
        self.checks.ids("", instance_id=request.instance_id)
        rows, token = await self.instances.list_keys(request.instance_id, request.page_size, request.page_token)
        keys = [convert.api_key(row, request.instance_id) for row in rows]
        return wire.ListApiKeysResponse(api_keys=keys, next_page_token=token)

    async def RevokeApiKey(self, request: wire.RevokeApiKeyRequest, call: Call) -> wire.RevokeApiKeyResponse:
        """Revoke an API key."""
        self.checks.ids("", key_id=request.key_id, request_id=request.request_id)
        row, instance = await self.instances.revoke_key(request.key_id, request.request_id, call.expires)
        return wire.RevokeApiKeyResponse(api_key=convert.api_key(row, instance.name))

    async def WhoAmI(self, _request: wire.WhoAmIRequest, call: Call) -> wire.WhoAmIResponse:
        """Tell whose key this is."""
        return wire.WhoAmIResponse(
            instance_id=call.principal.name,
            isolation=isolations.to_wire[call.principal.isolation],
            key_id=call.principal.key_id,
        )
