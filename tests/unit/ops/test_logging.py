"""What log lines promise: one form for our own events and those of libraries. Run in a process of their own, because logging is process-wide."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

from service.ops.logging import Seldom

_PROGRAM = """
import logging, os, sys, warnings
from service.ops.logging import configure_logging, get_logger
import structlog
early = get_logger("early")
configure_logging(process="api", form=sys.argv[1], level="info")
structlog.contextvars.bind_contextvars(request_id="r1")
early.debug("hidden")
early.info("message_recorded", count=3, name="Zoë")
logging.getLogger("lib").info("hidden too")
logging.getLogger("lib").warning("low %s", "space", extra={"left": 5})
warnings.warn("old call")
try:
    raise ValueError("wrong")
except ValueError:
    early.exception("stage_failed")
assert os.environ["LANCEDB_LOG"] == "error"
assert "rich" not in sys.modules
import rich.console
"""


def run(form: str) -> list[str]:
    """The lines on standard error of a small program that logs in every way."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM, form], capture_output=True, text=True, check=True, encoding="utf-8")
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_json_lines_carry_events_of_all_origins() -> None:
    """One JSON object per line: ours and the libraries', with level, time, process, context, and the traceback inside."""
    lines = [json.loads(line) for line in run("auto")]
    assert [line["level"] for line in lines] == ["info", "warning", "warning", "error"]
    assert all(line["process"] == "api" and line["timestamp"].endswith("Z") and line["request_id"] == "r1" for line in lines)
    assert lines[0]["event"] == "message_recorded"
    assert (lines[0]["module"], lines[0]["count"], lines[0]["name"]) == ("early", 3, "Zoë")
    assert (lines[1]["event"], lines[1]["module"], lines[1]["left"]) == ("low space", "lib", 5)
    assert "old call" in lines[2]["event"]
    assert "ValueError: wrong" in lines[3]["exception"]


def test_a_terminal_gets_lines_for_a_person() -> None:
    """The console form is no JSON and keeps the same content."""
    text = "\n".join(run("console"))
    assert "message_recorded" in text and "low space" in text and "ValueError: wrong" in text
    assert "hidden" not in text


def test_a_talkative_library_is_heard_once_in_a_while() -> None:
    """The same message of one library is told once in its time, the next one with how many were held back; others are untouched."""
    seldom = Seldom("aiokafka", seconds=30)

    def tell(name: str, message: str, at: float) -> tuple[bool, int]:
        record = logging.LogRecord(name, logging.WARNING, "", 0, message, (), None)
        record.created = at
        return seldom.filter(record), getattr(record, "held_back", 0)

    assert [tell("aiokafka.conn", "cannot connect %s", at) for at in (0, 1, 29)] == [(True, 0), (False, 0), (False, 0)]
    assert tell("aiokafka.conn", "another", 2) == (True, 0)
    assert tell("lancedb", "cannot connect %s", 2) == tell("lancedb", "cannot connect %s", 2) == (True, 0)
    assert tell("aiokafka.conn", "cannot connect %s", 31) == (True, 2)
    assert tell("aiokafka.conn", "cannot connect %s", 32) == (False, 0)
