"""Golden cases: texts with everything the rules read out of them, as JSON files under `cases`.

An observation is written with the fields that hold something, so a case says exactly what is expected and nothing else may come.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from service.domain.kinds import DocumentType, Role
from service.domain.source import Observation, PreviousTurn, Source
from service.domain.zones import local_time
from service.extractors.rules.extractor import RuleExtractor
from service.pipeline.extract import extract
from service.pipeline.parse import parse
from service.pipeline.segment import segment, speaker_label
from tests.unit.parsers.sources import document, message

CASES = Path(__file__).parent / "cases"
_PLAIN = ("attribute", "value", "emotion", "recurrence")


def load() -> list[tuple[str, dict[str, Any]]]:
    """Every case with its name."""
    return [
        (f"{path.stem}/{case['name']}", case)
        for path in sorted(CASES.glob("*.json"))
        for case in json.loads(path.read_text(encoding="utf-8"))
    ]


def run_case(case: dict[str, Any]) -> list[dict[str, Any]]:
    """What the rules read out of a case's document or messages, in the form of the files."""
    found: list[dict[str, Any]] = []
    for source in _sources(case):
        extracted = extract(segment(parse(source)), RuleExtractor())
        assert extracted.errors == ()
        found.extend(_written(observation, source.time_zone) for observation in extracted.observations)
    return found


def _sources(case: dict[str, Any]) -> list[Source]:
    said = datetime.fromisoformat(case["said"])
    if "text" in case:
        return [document(case["text"], DocumentType(case["document_type"]), said=said, time_zone=case["time_zone"])]
    sources: list[Source] = []
    previous: tuple[PreviousTurn, ...] = ()
    for turn in case["turns"]:
        role = Role(turn["role"])
        sources.append(
            message(
                turn["text"], role=role, speaker=turn["speaker"], said=said, time_zone=case["time_zone"], previous=previous[-2:]
            )
        )
        previous = (*previous, PreviousTurn(speaker_label(role, turn["speaker"]), turn["text"]))
    return sources


def _written(observation: Observation, time_zone: str) -> dict[str, Any]:
    written: dict[str, Any] = {"type": observation.type.value, "statement": observation.statement, "subject": observation.subject}
    written |= {name: getattr(observation, name) for name in _PLAIN if getattr(observation, name)}
    if observation.polarity < 0:
        written["polarity"] = -1
    for name in ("event_start", "event_end"):
        moment = getattr(observation, name)
        if moment:
            written[name] = local_time(moment, time_zone).isoformat(timespec="minutes")
    if observation.precision:
        written["precision"] = observation.precision.value
    if observation.mentions:
        written["mentions"] = [f"{mention.name} ({mention.kind})" for mention in observation.mentions]
    if observation.relations:
        written["relations"] = [f"{edge.subject} -{edge.predicate}-> {edge.object}" for edge in observation.relations]
    return written
