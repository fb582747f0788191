"""A service of our own in an empty directory, a client on it, and the wait until everything written is remembered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from eunoe_client import Eunoe, NetworkTimeoutError
from tests.support.service import start_service, until

CUSTOMER = "quality"
_LONGEST_WAIT = 3600.0
"""Seconds for everything to be processed: long replies are embedded in pieces of 40 ms."""
_PATIENCE = 5.0
"""Seconds of one fetch that waits for a position."""


class IncompleteError(Exception):
    """Something was refused, or something asked has no answer."""


@asynccontextmanager
async def fresh_service() -> AsyncIterator[Eunoe]:
    """Run a service for the length of the block; its data go with it."""
    with TemporaryDirectory(prefix="eunoe-quality-") as directory, start_service(Path(directory) / "data") as service:
        async with Eunoe(service.credentials["api_key"], service.address) as sdk:
            yield sdk


def progress_bar() -> Progress:
    """A bar with counts and the time it took."""
    return Progress(TextColumn("{task.description:<12}"), BarColumn(40), MofNCompleteColumn(), TimeElapsedColumn())


async def settled(sdk: Eunoe, conversations: Iterable[str], indexed: Callable[[int], None] = lambda _: None) -> None:
    """Wait until every write of this client is applied and no conversation is being refined.

    Args:
        sdk: the client that wrote.
        conversations: those that it wrote to.
        indexed: told how many messages are processed, again and again.
    """
    names = list(conversations)

    async def is_applied() -> bool:
        indexed(sum([(await sdk.conversation.get(name)).indexed_count for name in names]))
        try:
            for name in names:
                await sdk.conversation.context.fetch(name, max_results=1, min_position=sdk.position, timeout=_PATIENCE)
        except NetworkTimeoutError:  # not reached yet, or the machine is busy
            return False
        indexed(sum([(await sdk.conversation.get(name)).indexed_count for name in names]))
        return True

    async def is_refined() -> bool:
        return not any([(await sdk.conversation.get(name)).refining for name in names])

    await until(is_applied, _LONGEST_WAIT, "what was written is not applied")
    await until(is_refined, _LONGEST_WAIT, "conversations are still being refined")
