"""A writer killed at any point leaves a table that opens and holds what was acknowledged."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from service.vectors.writer import IndexWriter
from tests.support.shelf import Shelf
from tests.support.stored import stored
from tests.unit.vectors.samples import item

PROGRAM = """
import sys
from datetime import timedelta
from service.vectors.writer import IndexWriter
from tests.unit.vectors.samples import item

index = IndexWriter(sys.argv[1])
index.create("t", log_epoch=7, generation=1)
for number in range(10_000):
    index.upsert("t", [item(3 * number + each) for each in range(3)])
    if number % 4 == 3:
        index.optimize("t", keep=timedelta(milliseconds=1))
    print(number, flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("acknowledged", [1, 6, 7])
def test_kill_while_writing(shelf: Shelf, acknowledged: int) -> None:
    """After kill -9 each batch is there whole or not at all, all acknowledged ones are, and writing goes on."""
    writer = subprocess.Popen([sys.executable, "-c", PROGRAM, shelf.uri], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    for _ in range(acknowledged):
        last = int(writer.stdout.readline())
    writer.kill()
    last = max([last, *map(int, writer.stdout.read().split())])
    writer.wait()
    writer.stdout.close()

    index = IndexWriter(shelf.uri)
    state = index.state("t")
    assert state is not None and state.log_epoch == 7
    held = {row.item_id for row in stored(shelf.uri, "t", 1)}
    assert held in ({item(number).item_id for number in range(3 * batches)} for batches in (last + 1, last + 2))
    index.upsert("t", [replace(item(0), version=2), item(10**6)])
    assert {item_id for rows in index.sweep("t") for item_id, _ in rows} == held | {item(10**6).item_id}
    index.close()
