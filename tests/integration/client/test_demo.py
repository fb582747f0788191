"""The demo of the README works, and says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[3] / "clients/python/examples/demo.py"


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_demo_finds_every_answer(tmp_path: Path) -> None:
    """It ends with 0, shows sources, says how much memory it took, and leaves nothing behind."""
    done = subprocess.run(
        [sys.executable, str(DEMO)],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All 8 answers were there" in done.stdout
    assert "from what Maya said on 12 January 2026 (turn 9)" in done.stdout
    assert "Peak memory of all" in done.stdout
    assert list(tmp_path.glob("eunoe-demo-*")) == []
