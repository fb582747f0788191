"""The two commands that measure quality, on small data of our own: every question and case gets its line, and a refusal is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.quality import extraction, retrieval
from tests.unit.quality.test_formats import CASE, TALK

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def test_every_question_gets_a_line_in_every_run(tmp_path: Path) -> None:
    """The evidence of an easy question comes first; turns of another conversation bear its name where scopes are merged."""
    data, out = tmp_path / "talks.jsonl", tmp_path / "out"
    other = TALK | {"sample": "8", "turns": [TALK["turns"][0] | {"text": "The roof of our shed leaks too."}]}  # type: ignore[index]
    data.write_text("".join(json.dumps(each) + "\n" for each in (TALK, other)), encoding="utf-8")

    done = CliRunner().invoke(retrieval.main, [str(data), str(out), "--merged"])

    assert done.exit_code == 0, done.output
    for name in retrieval.RUNS:
        assert [(line["sample"], line["question_index"]) for line in _lines(out / f"{name}.jsonl")] == [("7", 3), ("8", 3)]
    assert {"a", "8/a"} <= set(_lines(out / "excerpts.jsonl")[0]["retrieved"])
    assert json.loads((out / "measures.json").read_text())["turns"] == 3


def test_every_case_gets_a_line_or_the_run_fails(tmp_path: Path) -> None:
    """A case that the service refuses is named, and the run ends with an error; the others have their lines."""
    cases, out = tmp_path / "cases.json", tmp_path / "out.jsonl"
    bad = {"id": "c-2", "input": CASE["input"] | {"turns": [{"role": "user", "content": ""}]}}  # type: ignore[operator]
    cases.write_text(json.dumps([CASE, bad]), encoding="utf-8")

    done = CliRunner().invoke(extraction.main, [str(cases), str(out)])

    assert done.exit_code == 1
    assert "c-2" in done.output
    assert [line["id"] for line in _lines(out)] == ["c-1"]


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
