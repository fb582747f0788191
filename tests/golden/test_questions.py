"""What comes back for a question, on conversations of our own: two people, a user with long replies, numbered lines, thirteen languages.

`talks.jsonl` has the format that `tests.quality` reads; each question names the turns that answer it. The floors are what was reached when
they were written, less one question.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.progress import Progress

from eunoe_client import Eunoe
from tests.quality.conversations import read_talks
from tests.quality.recording import record_all
from tests.quality.retrieval import RUNS, Asked, ask
from tests.support.service import RunningService

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

TALKS = Path(__file__).parent / "talks.jsonl"
FLOORS = {"people": (5, 13 / 14), "chat": (1, 5 / 6), "numbers": (1, 1.0), "languages": (1, 12 / 13)}
"""By kind: among so many first results, what share of the questions finds its turn."""


def _evidence() -> dict[tuple[str, int], tuple[str, set[str]]]:
    held = [json.loads(line) for line in TALKS.read_text(encoding="utf-8").splitlines()]
    return {
        (talk["sample"], question["index"]): (question["kind"], set(question["evidence"]))
        for talk in held
        for question in talk["questions"]
    }


@pytest.mark.parametrize("mode", ["fast", "accurate"])
async def test_questions_find_what_answers_them(shared_service: RunningService, mode: str) -> None:
    """Excerpts alone, and memories and excerpts together, find what answers the questions of every kind."""
    evidence, talks = _evidence(), read_talks(TALKS)
    async with Eunoe(shared_service.credentials["api_key"], shared_service.address) as sdk:
        recorded = await record_all(sdk, talks, Progress(disable=True), is_merged=False)
        for types in (RUNS["excerpts"], RUNS["all"]):
            hits: dict[str, list[bool]] = {}
            for talk in talks:
                for index, question in talk.questions:
                    kind, answers = evidence[talk.sample, index]
                    found = await ask(sdk, talk, question, types, recorded, Asked(mode))
                    hits.setdefault(kind, []).append(not answers.isdisjoint(found[: FLOORS[kind][0]]))
            shares = {kind: sum(found) / len(found) for kind, found in hits.items()}
            assert {kind: share for kind, share in shares.items() if share < FLOORS[kind][1] - 1e-9} == {}
