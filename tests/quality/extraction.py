"""`python -m tests.quality.extraction CASES OUT`: give a fresh service the input of each case, and write the memories it made of it.

Each case has a scope of its own and is extracted in long-range mode; conversations are recorded messages, documents are documents. OUT gets one
line for each case; ends with 1 where a case has none.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import click
from rich.progress import Progress

from eunoe_client import Eunoe, EunoeError
from tests.quality.cases import Case, answer, read_cases
from tests.quality.service import IncompleteError, fresh_service, progress_bar, settled

MODE = "long-range"
_PATIENCE = 600.0
"""Seconds for one document."""


@click.command()
@click.argument("cases", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
def main(cases: Path, out: Path) -> None:
    """Give a fresh service the input of each case (a JSON list), and write the memories it made of it (JSON lines)."""
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(measure(read_cases(cases), out))
    except IncompleteError as error:
        raise click.ClickException(str(error)) from error


async def measure(cases: Sequence[Case], out: Path) -> None:
    """Write the line of each case.

    Raises:
        IncompleteError: a case has no line.
    """
    failures: dict[str, str] = {}
    async with fresh_service() as sdk:
        with progress_bar() as bar:
            await _give_all(sdk, cases, failures, bar)
            await settled(sdk, [_conversation_of(case) for case in cases if case.turns and case.case_id not in failures])
            await _write(sdk, cases, out, failures, bar)
    if failures:
        told = "; ".join(f"{case}: {reason}" for case, reason in failures.items())
        raise IncompleteError(f"{len(failures)} of {len(cases)} cases have no line: {told}")


async def _give_all(sdk: Eunoe, cases: Sequence[Case], failures: dict[str, str], bar: Progress) -> None:
    task = bar.add_task("giving", total=len(cases))
    for case in cases:
        try:
            await (_record(sdk, case) if case.turns else _take_in(sdk, case))
        except EunoeError as error:
            failures[case.case_id] = str(error)
        bar.advance(task)


async def _record(sdk: Eunoe, case: Case) -> None:
    for turn in case.turns:
        await sdk.conversation.record_message(
            _conversation_of(case),
            turn.role,
            turn.content,
            case.user_id,
            case.case_id,
            speaker=turn.speaker or None,
            said_at=turn.at,
            time_zone=case.zone,
            mode=MODE,
        )


async def _take_in(sdk: Eunoe, case: Case) -> None:
    created = await sdk.memories.create(
        case.text,
        case.document_type,
        document_created_at=case.at,
        user_id=case.user_id,
        customer_id=case.case_id,
        mode=MODE,
        time_zone=case.zone,
    )
    await sdk.memories.wait_for_completion(created.ingestion_id, timeout_seconds=_PATIENCE)


async def _write(sdk: Eunoe, cases: Sequence[Case], out: Path, failures: dict[str, str], bar: Progress) -> None:
    task = bar.add_task("reading", total=len(cases))
    with out.open("w", encoding="utf-8") as lines:
        for case in cases:
            if case.case_id not in failures:
                memories = [
                    each async for each in sdk.memories.list(user_id=case.user_id, customer_id=case.case_id, page_size=500)
                ]
                lines.write(json.dumps(answer(case, memories), ensure_ascii=False) + "\n")
            bar.advance(task)


def _conversation_of(case: Case) -> str:
    return f"case {case.case_id}"


if __name__ == "__main__":
    main()
