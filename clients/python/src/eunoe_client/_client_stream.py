"""One client-streaming call: write, finish, and how it really ended. Segments and resending are the business of `_segments.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from grpc import StatusCode, aio

from eunoe_client._status import build_error, hides_status, shut_down
from eunoe_client.errors import EunoeError, ServiceUnavailableError

Request = TypeVar("Request")
Response = TypeVar("Response", covariant=True)  # noqa: PLC0105 - named like the others

_LOOKS = 1000
_BETWEEN_LOOKS = 0.002
_ENDED = (aio.AioRpcError, asyncio.InvalidStateError)


class StatusLost(Exception):
    """The service ended the stream while it was written to, and gRPC never showed the status it gave (grpc/grpc issue 36066)."""


class ClientStream(Generic[Request, Response]):
    """An open stream of requests that ends in one response."""

    def __init__(
        self, call: aio.StreamUnaryCall[Request, Response], *, request_id: str, failed: Callable[[str], None] = lambda _: None
    ) -> None:
        """Take a call that was begun; `failed` is told the code with which it failed."""
        self._call = call
        self._failed = failed
        self._request_id = request_id

    async def write(self, request: Request) -> None:
        """Send one request, when the service has room for it.

        Raises:
            EunoeError: the service has ended the stream.
            StatusLost: it has, and why is not known.
        """
        try:
            await self._call.write(request)
        except _ENDED:
            error = await self._ending()
        except asyncio.CancelledError:
            error = shut_down()
        else:
            return
        raise error

    async def finish(self) -> Response:
        """Close the sending side and wait for the response.

        Raises:
            EunoeError: the service did not accept the stream.
            StatusLost: it did not, and why is not known.
        """
        try:
            await self._call.done_writing()
            return await self._call
        except _ENDED:
            error = await self._ending()
        except asyncio.CancelledError:
            error = shut_down()
        raise error

    def cancel(self) -> None:
        """Give the stream up. Harmless after `finish`."""
        self._call.cancel()

    async def _ending(self) -> EunoeError | StatusLost:
        ending = await self._find_ending()
        if isinstance(ending, EunoeError):
            self._failed(ending.code)
        return ending

    async def _find_ending(self) -> EunoeError | StatusLost:
        code, text = await self._call.code(), await self._call.details() or ""
        for _ in range(_LOOKS):
            if not hides_status(code, text):
                break
            # The write failed before the service's status was read. It arrives a moment later, and then takes the place of gRPC's own.
            await asyncio.sleep(_BETWEEN_LOOKS)
            code, text = await self._call.code(), await self._call.details() or ""
        else:
            return StatusLost()
        if code is StatusCode.OK:
            return ServiceUnavailableError(
                "the service answered before all was sent", code="UNAVAILABLE", request_id=self._request_id
            )
        return build_error(code, text, await self._call.trailing_metadata(), self._request_id)
