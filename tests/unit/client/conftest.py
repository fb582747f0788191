"""A fake service on a port of this process, and a client that is connected to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from eunoe_client import Eunoe, Timeouts
from tests.support.fake_service import API_KEY, FakeService


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EUNOE_API_KEY", raising=False)
    monkeypatch.delenv("EUNOE_ADDRESS", raising=False)


@pytest.fixture
async def fake() -> AsyncIterator[FakeService]:
    """A service that fails on demand."""
    service = FakeService()
    await service.start()
    yield service
    await service.kill()


@pytest.fixture
async def sdk(fake: FakeService) -> AsyncIterator[Eunoe]:
    """A client of it."""
    async with Eunoe(API_KEY, fake.address, timeouts=Timeouts(connect=5.0, call=10.0, stream=20.0)) as client:
        yield client
