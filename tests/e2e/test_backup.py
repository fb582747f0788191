"""`eunoe backup` of a running service and `eunoe restore` into an empty directory: everything acknowledged before is there, and serves."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import grpc
import pytest

from tests.e2e.crash import connect, keep_busy
from tests.e2e.load import Link, Writer
from tests.e2e.survival import count, index_differences, settle
from tests.support.datadir import attempts
from tests.support.service import RunningService, start_service, until
from tests.support.wire import refused, turn

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]


def _eunoe(*arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "service", *map(str, arguments)]
    return subprocess.run(command, env=os.environ | environ, capture_output=True, text=True, timeout=120, check=False)


async def _back_up_under_load(service: RunningService, writers: list[Writer], target: Path) -> tuple[list[Writer], str]:
    """Back up while everybody writes. Gives the writers as they were before, and a position of then."""
    async with connect(service) as wire:
        link, stop = Link(wire), asyncio.Event()

        async def has_begun() -> bool:
            return sum(len(writer.acknowledged) for writer in writers) > 40

        async with asyncio.TaskGroup() as tasks:
            keeper = tasks.create_task(keep_busy(service.directory, link))
            for writer in writers:
                tasks.create_task(writer.run(link, stop))
            await until(has_begun, 60, "nothing is acknowledged")
            position = (await wire.record(turn("held", "I own a zeppelin called Bertha."))).position
            before = [Writer(each.name, each.is_streaming, list(each.acknowledged)) for each in writers]
            done = await asyncio.to_thread(_eunoe, "backup", target, "--data", service.directory)
            assert done.returncode == 0, done.stderr
            assert "messages" in done.stdout
            stop.set()
            link.open.set()
            keeper.cancel()
    return before, position


async def test_a_backup_under_load_is_restored_and_serves(tmp_path: Path) -> None:
    """All that was acknowledged before it began, once; the rest of the work goes on by itself; positions of before are refused."""
    writers = [Writer(f"s{place}", is_streaming=place % 2 == 1) for place in range(3)]
    with start_service(tmp_path / "data") as service:
        before, position = await _back_up_under_load(service, writers, tmp_path / "backup")
    restored = await asyncio.to_thread(_eunoe, "restore", tmp_path / "backup", "--data", tmp_path / "new")
    assert restored.returncode == 0, restored.stderr
    with start_service(tmp_path / "new") as service:
        assert service.credentials["api_key"]
        async with connect(service) as wire:
            there = [await wire.turns(writer.conversation_id) for writer in before]
            for writer, turns in zip(before, there, strict=True):
                sent = [item.message_id for item in writer.acknowledged if hasattr(item, "message_id")]
                assert [each.message_id for each in turns][: len(sent)] == sent
            found = await refused(wire.fetch("u", "c", search_queries=["zeppelin"], min_position=position))
            assert (found.code, found.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "POSITION_INVALID")
            link = Link(wire)
            link.open.set()
            for writer in writers:  # the same again: what the backup did not hold is new, the rest is recognised
                await Writer(writer.name, writer.is_streaming).run(link, asyncio.Event(), len(writer.acknowledged))
            await settle(wire, writers, service.directory, print)
            assert (await count(wire, writers)).is_whole
            context = await wire.fetch("u", "c", search_queries=["zeppelin"])
            assert any("Bertha" in item.content for item in context.items)
        assert attempts(service.directory) == 0
    assert index_differences(tmp_path / "new") == []


def test_a_restore_needs_an_empty_place(tmp_path: Path) -> None:
    """A directory with a catalog keeps it, and the words say what to do."""
    with start_service(tmp_path / "data") as service:
        assert _eunoe("backup", tmp_path / "backup", "--data", service.directory).returncode == 0
        running = _eunoe("restore", tmp_path / "backup", "--data", service.directory)
    stopped = _eunoe("restore", tmp_path / "backup", "--data", tmp_path / "data")
    for done in (running, stopped):
        assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "empty directory" in stopped.stderr
    assert "another service uses" in running.stderr
    again = _eunoe("backup", tmp_path / "backup", "--data", tmp_path / "data")
    assert again.returncode == 1 and "is not empty" in again.stderr
