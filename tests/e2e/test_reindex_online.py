"""`eunoe reindex` beside a running service: calls go on, no answer is empty or degraded, and a kill costs nothing."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.crash import connect, keep_busy
from tests.e2e.load import Link, Writer
from tests.e2e.survival import count, index_differences, settle
from tests.support.datadir import attempts, index_tables, model_of
from tests.support.model import write_tiny_model
from tests.support.service import RunningService, start_service, until
from tests.support.wire import Wire, turn

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]

WORDS = "tea with milk and sugar"


def _reindex(service: RunningService, **environ: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "service", "reindex", "--data", str(service.directory)]
    return subprocess.Popen(command, env=os.environ | environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _start_with(directory: Path, settings: Mapping[str, object]) -> subprocess.CompletedProcess[str]:
    """A start that must fail."""
    return subprocess.run(
        [sys.executable, "-m", "service", "up", "--data", str(directory)],
        env=os.environ | {f"EUNOE_{name.upper()}": str(value) for name, value in settings.items()},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


async def _ended(command: subprocess.Popen[str]) -> str:
    told, _ = await asyncio.to_thread(command.communicate, None, 120)
    assert command.returncode == 0, told
    return told


async def _remember(wire: Wire) -> None:
    said = turn("held", WORDS, user_id="held")
    await wire.fetch("held", "c", min_position=(await wire.record(said)).position)


async def _ask(wire: Wire, answers: list[bool]) -> None:
    """Ask the same all the time; every answer must hold what is remembered, and be whole."""
    while True:
        context = await wire.fetch("held", "c", search_queries=[WORDS])
        answers.append(any(item.content == WORDS for item in context.items) and not context.retrieval.degraded)
        await asyncio.sleep(0.01)


@asynccontextmanager
async def _busy(service: RunningService, writers: list[Writer]) -> AsyncIterator[list[bool]]:
    """Write and ask meanwhile. Gives the answers: whether each was right."""
    answers: list[bool] = []
    async with connect(service) as wire:
        await _remember(wire)
        link, stop = Link(wire), asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            others = [tasks.create_task(keep_busy(service.directory, link)), tasks.create_task(_ask(wire, answers))]
            for writer in writers:
                tasks.create_task(writer.run(link, stop))
            yield answers
            stop.set()
            link.open.set()
            for other in others:
                other.cancel()
        await settle(wire, writers, service.directory, print)
        assert (await count(wire, writers)).is_whole


async def _has_begun(writers: list[Writer]) -> None:
    async def has_begun() -> bool:
        return sum(len(writer.acknowledged) for writer in writers) > 20

    await until(has_begun, 60, "nothing is acknowledged")


async def test_a_reindex_beside_a_running_service(tmp_path: Path) -> None:
    """Under load, with the owner killed in the middle."""
    writers = [Writer(f"s{place}", is_streaming=place % 2 == 1) for place in range(3)]
    with start_service(tmp_path / "data") as service:
        async with _busy(service, writers) as answers:
            await _has_begun(writers)
            former = index_tables(service.directory)
            command = _reindex(service)
            await asyncio.to_thread(service.kill, "owner")
            assert "The index is complete" in await _ended(command)
            assert index_tables(service.directory) != former
        assert answers and all(answers)
        assert attempts(service.directory) == 0
    assert index_differences(service.directory) == []


async def test_another_model_is_switched_to_while_the_service_runs(tmp_path: Path) -> None:
    """Every answer is right, before and after; what was written meanwhile is there; the service starts with the new model from then on."""
    models = {"model_cache_dir": tmp_path / "models", "model_source_dir": write_tiny_model(tmp_path / "first", seed=1)}
    other = {
        "EUNOE_MODEL_CACHE_DIR": str(tmp_path / "models"),
        "EUNOE_MODEL_SOURCE_DIR": str(write_tiny_model(tmp_path / "other", seed=2)),
    }
    writers = [Writer(f"s{place}", is_streaming=place % 2 == 1) for place in range(3)]
    with start_service(tmp_path / "data", **models) as service:
        async with _busy(service, writers) as answers:
            await _has_begun(writers)
            former = model_of(service.directory)
            await _ended(_reindex(service, **other))
            assert model_of(service.directory) not in {former, ""}
        assert answers and all(answers)
        assert attempts(service.directory) == 0
        assert index_differences(service.directory) == []
        service.stop()
        refused = await asyncio.to_thread(_start_with, service.directory, models)
        assert refused.returncode == 1 and "configured model" in refused.stderr
    with start_service(tmp_path / "data", model_cache_dir=tmp_path / "models", model_source_dir=tmp_path / "other") as service:
        async with connect(service) as wire:
            context = await wire.fetch("held", "c", search_queries=[WORDS])
            assert context.items[0].content == WORDS


async def test_a_change_of_the_model_survives_the_death_of_everything(tmp_path: Path) -> None:
    """Killed in the middle, the service goes on with either model configured, and ends the change by itself."""
    models = {"model_cache_dir": tmp_path / "models", "model_source_dir": write_tiny_model(tmp_path / "first", seed=1)}
    other = {
        "EUNOE_MODEL_CACHE_DIR": str(tmp_path / "models"),
        "EUNOE_MODEL_SOURCE_DIR": str(write_tiny_model(tmp_path / "other", seed=2)),
    }
    with start_service(tmp_path / "data", **models) as service:
        async with connect(service) as wire:
            await _remember(wire)
        former = model_of(service.directory)
        command = _reindex(service, **other)

        async def is_wanted() -> bool:
            return model_of(service.directory, "next_model_id") != "" or model_of(service.directory) != former

        await until(is_wanted, 60, "the change never begins")
        await asyncio.to_thread(service.kill, "api")
        command.kill()
        command.communicate()
    with start_service(tmp_path / "data", model_cache_dir=tmp_path / "models", model_source_dir=tmp_path / "other") as service:

        async def is_changed() -> bool:
            return model_of(service.directory) != former

        await until(is_changed, 60, "the change never ends")
        async with connect(service) as wire:
            context = await wire.fetch("held", "c", search_queries=[WORDS])
            assert context.items[0].content == WORDS
