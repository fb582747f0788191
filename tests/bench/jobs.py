"""Helper processes of the benches: clients, floors and loads, each a module with a process of its own.

A job is told what to do by one line of JSON on its standard input and answers with one line of JSON. A client or a measurement then ends; a server goes on
until its standard input closes, which also happens when the bench is killed: nothing outlives it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from service.ops.logging import configure_logging

JOB_SECONDS = 300.0
"""The longest a job may take."""
_END_SECONDS = 10.0


class JobFailedError(Exception):
    """A job ended without an answer."""


def run_job(module: str, seconds: float = JOB_SECONDS, **spec: Any) -> dict[str, Any]:
    """Run `tests.bench.<module>` to its end.

    Args:
        module: such as `clients.unary`.
        seconds: the longest it may take.
        spec: what it is told.

    Returns:
        Its answer.

    Raises:
        JobFailedError: it ended without one; its last words are on standard error.
    """
    try:
        done = subprocess.run(_command(module), input=_line(spec), stdout=subprocess.PIPE, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise JobFailedError(f"{module} did not end within {seconds:.0f} s") from None
    if done.returncode != 0:
        raise JobFailedError(f"{module} ended with {done.returncode}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@contextmanager
def serving(module: str, **spec: Any) -> Iterator[dict[str, Any]]:
    """Run `tests.bench.<module>` for the length of a `with` block.

    Gives what it says when it is ready; what it says at its end, if anything, is added to that after the block.

    Raises:
        JobFailedError: it ended before it was ready, or not when it should.
    """
    process = subprocess.Popen(_command(module), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(_line(spec))
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise JobFailedError(f"{module} ended with {process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        yield answer
        answer.update(_last_words(module, process))
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _last_words(module: str, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    try:
        said, _ = process.communicate(timeout=_END_SECONDS)  # closes its input
    except subprocess.TimeoutExpired:
        raise JobFailedError(f"{module} does not end") from None
    words: dict[str, Any] = json.loads(said) if said.strip() else {}
    return words


def answer_once(work: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """A job's side: do what standard input says, and answer; what parts of the service say about themselves goes to standard error."""
    configure_logging(process="job", form="json", level="warning")
    say(work(told()))


def told() -> dict[str, Any]:
    """A job's side: what it is to do."""
    spec: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    return spec


def say(answer: dict[str, Any]) -> None:
    """A job's side: the answer."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def end_with_input() -> None:
    """A server's side: end this process when standard input closes."""
    threading.Thread(target=_await_end, daemon=True).start()


def _await_end() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _command(module: str) -> list[str]:
    return [sys.executable, "-m", f"tests.bench.{module}"]


def _line(spec: dict[str, Any]) -> bytes:
    return json.dumps(spec).encode() + b"\n"
