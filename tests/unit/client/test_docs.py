"""The guide is true: its examples run, one after the other, as they stand."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from types import CodeType

import pytest

from tests.support.fake_service import API_KEY, FakeService

ROOT = Path(__file__).resolve().parents[3]


def _blocks(path: str) -> list[CodeType]:
    texts = re.findall(r"^```python\n(.*?)^```", (ROOT / path).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [compile(text, path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True) for text in texts]


async def test_the_examples_of_the_guide_run(
    fake: FakeService, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every example of docs/sdk.md, in the order in which a reader meets them."""
    monkeypatch.setenv("EUNOE_API_KEY", API_KEY)
    monkeypatch.setenv("EUNOE_ADDRESS", fake.address)
    names: dict[str, object] = {"print": print}
    blocks = _blocks("docs/sdk.md")
    assert len(blocks) >= 10
    for block in blocks:
        result = eval(block, names)  # noqa: S307 - the repository's own guide
        if inspect.iscoroutine(result):
            await result
    assert "known already, as" in capsys.readouterr().out


def test_the_example_of_the_readme_compiles() -> None:
    """It is a program of its own, with a loop of its own."""
    assert len(_blocks("clients/python/README.md")) == 1
