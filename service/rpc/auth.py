"""Who calls: an instance's key, or the operator's admin token."""

from __future__ import annotations

import hmac
from typing import Any

from service.app.gate import rate_limited
from service.app.keys import Keys, denied
from service.app.rates import Rate
from service.rpc.call import Call
from service.rpc.errors import Handler

HEADER = "authorization"
_SCHEME = "bearer "


def with_instance_key(handler: Handler, keys: Keys, rate: Rate) -> Handler:
    """Wrap a handler so that it runs for an instance only, and not more often than it may; `call.principal` says for which."""

    async def answer(request: Any, call: Call) -> Any:
        call.principal = await keys.authenticate(_credential(call))
        if (wait := rate.take(call.principal.instance_id)) > 0:
            raise rate_limited("calls", rate, wait)
        return await handler(request, call)

    return answer


def with_admin_token(handler: Handler, token: str) -> Handler:
    """Wrap a handler so that it runs for the operator only. An instance's key is not the operator's."""
    expected = token.encode()

    async def answer(request: Any, call: Call) -> Any:
        if not hmac.compare_digest(_credential(call).encode(), expected):
            raise denied()
        return await handler(request, call)

    return answer


def _credential(call: Call) -> str:
    value = call.header(HEADER)
    if value[: len(_SCHEME)].lower() != _SCHEME:
        raise denied()
    return value[len(_SCHEME) :].strip()
