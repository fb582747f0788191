"""The client itself: what it is made from, its life, and the namespaces of its verbs."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Generic, Self, TypeVar

from eunoe_client._connection import Connection
from eunoe_client._context import ClientContext, CustomerContext, UserContext
from eunoe_client._conversation import Conversations
from eunoe_client._decode import read_identity
from eunoe_client._memories import Memories
from eunoe_client._results import Identity
from eunoe_client._settings import Timeouts, read_settings
from eunoe_client.errors import EunoeError, NetworkTimeoutError, ServiceUnavailableError

_ContextT = TypeVar("_ContextT")


class ScopeVerbs(Generic[_ContextT]):
    """What can be done with a whole scope: `context.fetch`. Reached as `sdk.user`, `sdk.customer` and `sdk.client`."""

    def __init__(self, context: _ContextT) -> None:
        self.context = context
        """What is remembered in the scope."""


class Eunoe:
    """The client of one Eunoe instance, for asyncio. One is enough for a process; its calls run side by side.

    Args:
        api_key: The instance's key. None: the environment's `EUNOE_API_KEY`.
        address: `HOST:PORT` of the service, or of several of its processes with commas between: where one is away the next is called. None: the
            environment's `EUNOE_ADDRESS`, else `127.0.0.1:50051`.
        tls: Whether to encrypt. None: everywhere but on this machine. To speak plaintext to another machine, say False.
        ca_certificate: Path of the certificate authority to trust, where it is not a public one.
        timeouts: How long to wait.

    Raises:
        InvalidInputError: there is no API key.

    Example:
        >>> async def main() -> None:  # doctest: +SKIP
        ...     async with Eunoe() as sdk:
        ...         turn = await sdk.conversation.record_message("call-7", "user", "I moved to Lisbon.", "ana", "acme")
        ...         context = await sdk.conversation.context.fetch("call-7", search_query=["where do I live?"], min_position=turn)
        ...         print([item.content for item in context.facts])
    """

    def __init__(
        self,
        api_key: str | None = None,
        address: str | None = None,
        *,
        tls: bool | None = None,
        ca_certificate: str | os.PathLike[str] | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        settings = read_settings(api_key, address, tls=tls, ca_certificate=ca_certificate, timeouts=timeouts)
        self._connection = Connection(settings)
        self.conversation = Conversations(self._connection)
        """Turns in, context out."""
        self.memories = Memories(self._connection)
        """Documents in, memories out."""
        self.user = ScopeVerbs(UserContext(self._connection))
        """What is remembered of a user."""
        self.customer = ScopeVerbs(CustomerContext(self._connection))
        """What is remembered of a customer."""
        self.client = ScopeVerbs(ClientContext(self._connection))
        """What is remembered of the whole instance."""

    @property
    def address(self) -> str:
        """Where the service is, as it was given."""
        return self._connection.settings.address

    @property
    def position(self) -> str:
        """Covers every write that was acknowledged to this client. As `min_position`, a fetch sees all of them."""
        return self._connection.position

    async def initialize(self) -> Identity:
        """Connect, and check that the service answers and knows the key. Calling it again does no harm.

        Returns:
            Whose key it is.

        Raises:
            AuthenticationError: the key is unknown or revoked.
            ServiceUnavailableError: no service answers at the address.
            EunoeError: any other failure.

        Example:
            >>> async def main() -> None:  # doctest: +SKIP
            ...     sdk = Eunoe(api_key="eunoe_…", address="127.0.0.1:50051")
            ...     print((await sdk.initialize()).instance_id)
            ...     await sdk.shutdown()
        """
        await self._connection.open()
        try:
            return read_identity(await self._connection.who_am_i(timeout=self._connection.settings.timeouts.connect))
        except EunoeError as error:
            await self._connection.close()
            if isinstance(error, ServiceUnavailableError | NetworkTimeoutError):
                error.message = f"no service answers at {self.address}{_tls_hint(self._connection)}: {error.message}"
            raise

    async def whoami(self) -> Identity:
        """Tell which instance the key opens.

        Raises:
            EunoeError: the call failed.

        Example:
            >>> async def show(sdk: Eunoe) -> None:  # doctest: +SKIP
            ...     print((await sdk.whoami()).isolation)
        """
        return read_identity(await self._connection.who_am_i())

    async def shutdown(self) -> None:
        """Disconnect. Calls under way end with an error; calling it again does no harm.

        Example:
            >>> async def stop(sdk: Eunoe) -> None:  # doctest: +SKIP
            ...     await sdk.shutdown()
        """
        await self._connection.close()

    async def __aenter__(self) -> Self:
        await self.initialize()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.shutdown()

    def __repr__(self) -> str:
        return f"<Eunoe at {self.address}, {'open' if self._connection.is_open else 'not open'}>"


def _tls_hint(connection: Connection) -> str:
    return " with TLS (tls=False speaks plaintext)" if connection.settings.use_tls else ""
