"""`python -m tests.quality.retrieval DATA OUT`: ask a fresh service the questions of labelled conversations, and write what it found.

OUT gets one run for each way of asking, with a line for every question, `{"sample", "question_index", "retrieved": [turn ids]}`:
`excerpts.jsonl` (what was said), `typed.jsonl` (the five types of memories; an item counts as its first source turn) and `all.jsonl` (both
in one ranking); and `measures.json`, with what a scorer of runs does not see. Ends with 1 where a question has no line.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from eunoe_client import Eunoe, EunoeError, Memory
from tests.quality.conversations import Talk, read_talks
from tests.quality.recording import Recorded, record_all
from tests.quality.service import CUSTOMER, IncompleteError, fresh_service, progress_bar
from tests.quality.verbatim import Echo

RUNS: dict[str, Sequence[str]] = {
    "excerpts": ("excerpts",),
    "typed": ("facts", "preferences", "episodes", "emotions", "temporal_events"),
    "all": ("all",),
}
"""Runs by name, each with the types of items that it asks for."""
MOST_RESULTS = 50


@dataclass(slots=True)
class Asked:
    """What became of the questions."""

    mode: str
    failures: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    """What the service said it could not do, with how often."""


@click.command()
@click.argument("data", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--mode", type=click.Choice(["fast", "accurate"]), default="fast", show_default=True, help="How the service searches."
)
@click.option("--merged", is_flag=True, help="All conversations in one user's scope instead of one each.")
def main(data: Path, out: Path, mode: str, merged: bool) -> None:
    """Ask a fresh service the questions of labelled conversations (JSON lines, compressed or not), and write what it found."""
    out.mkdir(parents=True, exist_ok=True)
    try:
        measures = asyncio.run(measure(read_talks(data), out, mode, is_merged=merged))
    except IncompleteError as error:
        raise click.ClickException(str(error)) from error
    (out / "measures.json").write_text(json.dumps(measures, indent=1) + "\n", encoding="utf-8")
    Console().print_json(data=measures)


async def measure(talks: Sequence[Talk], out: Path, mode: str, *, is_merged: bool) -> dict[str, Any]:
    """Write the runs, and return what a scorer of them does not see.

    Raises:
        IncompleteError: a turn was refused, or a question has no line.
    """
    asked = Asked(mode)
    async with fresh_service() as sdk:
        with progress_bar() as bar:
            recorded = await record_all(sdk, talks, bar, is_merged=is_merged)
            for name in RUNS:
                await _write_run(sdk, talks, name, out / f"{name}.jsonl", recorded, asked, bar)
        memories = await _memories(sdk, talks, recorded)
    if asked.failures:
        raise IncompleteError(f"{len(asked.failures)} questions have no line; the first: {asked.failures[0]}")
    return _measures(talks, memories, asked)


async def _write_run(
    sdk: Eunoe, talks: Sequence[Talk], name: str, path: Path, recorded: Recorded, asked: Asked, bar: Progress
) -> None:
    task = bar.add_task(name, total=sum(len(talk.questions) for talk in talks))
    with path.open("w", encoding="utf-8") as run:
        for talk in talks:
            for index, question in talk.questions:
                try:
                    found = await ask(sdk, talk, question, RUNS[name], recorded, asked)
                except EunoeError as error:
                    asked.failures.append(f"{name}, {talk.sample}, question {index}: {error}")
                else:
                    run.write(json.dumps({"sample": talk.sample, "question_index": index, "retrieved": found}) + "\n")
                bar.advance(task)


async def ask(sdk: Eunoe, talk: Talk, question: str, types: Sequence[str], recorded: Recorded, asked: Asked) -> list[str]:
    """The turns that a question finds, best first.

    Raises:
        EunoeError: the service did not answer.
    """
    began = time.perf_counter()
    context = await sdk.user.context.fetch(
        recorded.user_of(talk), CUSTOMER, question, MOST_RESULTS, types, asked.mode, query_date=talk.ends
    )
    asked.seconds.append(time.perf_counter() - began)
    asked.reasons.update(context.retrieval.reasons)
    turns = [recorded.turn_of(talk, item) for item in context.ranked]
    return [turn for turn in turns if turn is not None]


async def _memories(sdk: Eunoe, talks: Sequence[Talk], recorded: Recorded) -> list[Memory]:
    users = sorted({recorded.user_of(talk) for talk in talks})
    return [memory for user in users async for memory in sdk.memories.list(user_id=user, customer_id=CUSTOMER, page_size=500)]


def _measures(talks: Sequence[Talk], memories: Sequence[Memory], asked: Asked) -> dict[str, Any]:
    turns, echo, count = sum(len(talk.turns) for talk in talks), Echo.of(talks), max(1, len(memories))
    return {
        "turns": turns,
        "memories": len(memories),
        "memories_per_turn": round(len(memories) / max(1, turns), 4),
        "share_whole_turns": round(sum(echo.is_turn(memory.content) for memory in memories) / count, 4),
        "share_quotes": round(sum(echo.is_quote(memory.content) for memory in memories) / count, 4),
        "types": dict(Counter(memory.memory_type for memory in memories)),
        "fetch_p50_ms": round(1000 * statistics.median(asked.seconds or [0.0]), 2),
        "reasons": dict(asked.reasons),
    }


if __name__ == "__main__":
    main()
