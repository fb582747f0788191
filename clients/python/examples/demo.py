"""The whole of Eunoe in a minute: `make demo`, or `make demo LOG=kafka`.

Starts the service on a free port with an empty data directory (on Kafka: a broker, `eunoe serve` and `eunoe work`), streams half a year of
talks into it as a voice pipeline would, takes documents in, and asks about them as an agent would: by position, so that everything said is
known. Ends with an error if an answer is missing.
"""

# ruff: noqa: INP001, T201
# A script that speaks to a terminal.

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from demo_talk import CONVERSATION_ID, CUSTOMER_ID, PAPERS, QUESTIONS, SESSIONS, USER_ID, Question, said_at

from eunoe_client import Context, ContextItem, Eunoe, Ingestion, Source

SHOWN = 5
"""Items of an answer that are shown, and in which the answer must be."""
START_SECONDS = 60.0
WIDTH = 118
_COLOURS = {"bold": "1", "dim": "2", "green": "32", "red": "31", "cyan": "36", "yellow": "33"}
_IS_COLOURED = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def main() -> int:
    """Run the demo; 0 if every answer was there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", choices=["embedded", "kafka"], default="embedded", help="what carries records to the owner")
    log = parser.parse_args().log
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the service is stopped and its data removed
    with tempfile.TemporaryDirectory(prefix="eunoe-demo-") as directory, Memory() as memory:
        began = time.monotonic()
        heading("Starting the service")
        with service(Path(directory), log) as (ready, *workers):
            seconds = time.monotonic() - began
            print(f"It answers at {ready['address']}, {seconds:.1f} s after its start. Its data is in {directory}.")
            for started in (ready, *workers):
                memory.watch(int(started["pid"]))
            key = json.loads(Path(ready["credentials"]).read_text())["api_key"]
            missing = asyncio.run(talk(ready["address"], key))
            heading("Stopping the service")
        print(f"Stopped. {memory.report()}")
    if missing:
        print(paint("red", f"\n{len(missing)} of {len(QUESTIONS)} answers are missing: {'; '.join(missing)}"))
        return 1
    print(paint("green", f"\nAll {len(QUESTIONS)} answers were there."))
    return 0


async def talk(address: str, key: str) -> list[str]:
    """Everything that needs a client. Returns the questions without an answer."""
    async with Eunoe(key, address) as sdk:
        await stream_sessions(sdk)
        await take_papers_in(sdk)
        heading("Asking on 1 July, with nothing but Maya's id")
        print("Each question waits for everything written so far (min_position), so that nothing said is missed.")
        return [question.text for question in QUESTIONS if not await ask(sdk, question)]


async def stream_sessions(sdk: Eunoe) -> None:
    """Stream all talks into one conversation, each turn as soon as it is said."""
    turns = sum(len(session.turns) for session in SESSIONS)
    heading(f"Streaming {turns} turns of {len(SESSIONS)} sessions")
    began = time.monotonic()
    async with sdk.conversation.stream(CONVERSATION_ID, USER_ID, CUSTOMER_ID, time_zone="Europe/Lisbon") as stream:
        for session in SESSIONS:
            print(paint("bold", f"\n{said_at(session, 0):%A, %-d %B %Y}"))
            for number, content in enumerate(session.turns):
                role, name = ("user", "Maya") if number % 2 == 0 else ("assistant", "Iris")
                await stream.send(role, content, speaker=name, said_at=said_at(session, number), session_id=session.session_id)
                say(name, content)
            await stream.flush()
            print(paint("dim", f"      {stream.acknowledged} turns are acknowledged: durable, whatever happens now"))
    summary = stream.summary
    print(f"\nAccepted {summary.accepted_count} of {turns} turns in {time.monotonic() - began:.1f} s, printing included.")


async def take_papers_in(sdk: Eunoe) -> None:
    """Take the documents in, and wait until they are processed."""
    heading(f"Taking {len(PAPERS)} documents in")
    for paper in PAPERS:
        created = await sdk.memories.create(
            paper.text,
            paper.document_type,
            paper.document_id,
            paper.created,
            USER_ID if paper.is_private else None,
            CUSTOMER_ID,
        )
        done: Ingestion = await sdk.memories.wait_for_completion(created.ingestion_id, timeout_seconds=120)
        owner = "Maya" if paper.is_private else "everybody at Northstar"
        found = f"{done.passage_count} passages, {done.memories_created} memories"
        print(f"{paper.document_id:<16} {paper.document_type:<19} for {owner:<23} {done.state}: {found}")


async def ask(sdk: Eunoe, question: Question) -> bool:
    """Ask one question and show what comes back. Returns whether the answer is in it."""
    began = time.monotonic()
    context = await sdk.user.context.fetch(
        USER_ID, CUSTOMER_ID, [question.text], SHOWN, query_date="2026-07-01", min_position=sdk.position
    )
    millis = (time.monotonic() - began) * 1000
    words = " ".join(f"{item.content} {item.excerpt}" for item in context.ranked).lower()
    is_there = all(need.lower() in words for need in question.needs)
    mark = paint("green", "✓") if is_there else paint("red", "✗ missing: " + ", ".join(question.needs))
    print(f"\n{paint('bold', question.text)}  {mark}  {paint('dim', f'said in {question.where}; {millis:.0f} ms')}")
    show(context, question)
    return is_there


def show(context: Context, question: Question) -> None:
    """Print the items of an answer with their sources."""
    for item in context.ranked:
        content = " ".join(item.content.split()) + (f" “{' '.join(item.excerpt.split())}”" if item.excerpt else "")
        head = f"  {item.rank}. {paint('cyan', f'{item.type:<14}')} {item.confidence:4.0%}  "
        lines = textwrap.wrap(content, WIDTH - 26)
        if len(lines) > 3:
            lines = [*lines[:3], "…"]
        has_answer = any(need.lower() in content.lower() for need in question.needs)
        print(head + paint("yellow" if has_answer else "", lines[0] if lines else ""))
        for line in lines[1:]:
            print(" " * 26 + line)
        print(" " * 26 + paint("dim", origin(item)))
    if context.retrieval.degraded:
        print(paint("dim", f"  degraded: {', '.join(context.retrieval.reasons)}"))


def origin(item: ContextItem) -> str:
    """Where an item was said, in words."""
    places = list(dict.fromkeys(map(place, item.sources)))
    until = f"; until {item.valid_until:%-d %B %Y}" if item.valid_until else ""
    return ("from " + ", and ".join(places[:2]) if places else "without a source") + until


def place(source: Source) -> str:
    """One source in words."""
    when = f" on {source.said_at:%-d %B %Y}" if source.said_at else ""
    if source.kind == "document":
        return f"{source.document_id}{when}"
    return f"what {source.speaker or source.role} said{when} (turn {source.number})"


@contextmanager
def service(directory: Path, log: str) -> Iterator[list[dict[str, str]]]:
    """Run the service as a user would, until the block ends: what each process says of itself, first the one that answers calls."""
    with ExitStack() as stack:
        if log == "embedded":
            yield [stack.enter_context(process(directory, "up", {}))]
        else:
            print("Starting Kafka first ...")
            environment = {"EUNOE_KAFKA_BOOTSTRAP": stack.enter_context(kafka(directory / "kafka"))}
            yield [stack.enter_context(process(directory, command, environment)) for command in ("serve", "work")]


@contextmanager
def process(directory: Path, command: str, environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Run one process of the service."""
    ready_file, log_file = directory / f"{command}.ready.json", directory / f"{command}.log"
    flags = ["--data", str(directory / "data"), "--http", "127.0.0.1:0", "--ready-file", str(ready_file)]
    if command != "work":
        flags += ["--listen", "127.0.0.1:0"]
    with log_file.open("wb") as log:
        started = subprocess.Popen(  # noqa: S603 - this interpreter, and nothing that somebody else typed
            [sys.executable, "-m", "service", command, *flags],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **environment},
        )
    try:
        yield wait_until_ready(started, ready_file, log_file)
    finally:
        started.terminate()
        try:
            started.wait(30)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


@contextmanager
def kafka(directory: Path) -> Iterator[str]:
    """Run a broker on a free port; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "deploy.kafka.brokers"]
    flags = ["--port", str(port), "--directory", str(directory)]
    try:
        subprocess.run([*command, "start", *flags], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - as above
        yield f"127.0.0.1:{port}"
    except subprocess.CalledProcessError:
        sys.exit("Kafka did not start; see above.")
    finally:
        subprocess.run([*command, "stop", *flags], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - as above


def wait_until_ready(process: subprocess.Popen[bytes], ready_file: Path, log_file: Path) -> dict[str, str]:
    """What the service says of itself once it takes calls."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if ready_file.exists():
            ready: dict[str, str] = json.loads(ready_file.read_text())
            return ready
        time.sleep(0.02)
    sys.exit(f"The service did not start. Its log ends:\n{log_file.read_text(errors='replace')[-3000:]}")


class Memory:
    """The peak of the memory of all processes: the sum of their resident sets, sampled. Linux only."""

    def __init__(self) -> None:
        self._roots = [os.getpid()]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._peak = 0
        self._counted = 0

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def watch(self, pid: int) -> None:
        """Count a process, and what it starts, from now on."""
        self._roots.append(pid)

    def report(self) -> str:
        """The peak in words."""
        if not self._peak:
            return "Memory was not measured: there is no /proc here."
        return f"Peak memory of all {self._counted} processes together, this one included: {self._peak / 2**20:.0f} MB."

    def _sample(self) -> None:
        while not self._stop.wait(0.1):
            sizes = resident_sizes(self._roots)
            if sum(sizes) > self._peak:
                self._peak, self._counted = sum(sizes), len(sizes)


def resident_sizes(roots: list[int]) -> list[int]:
    """Bytes in memory of each process and of everything it started."""
    page = os.sysconf("SC_PAGE_SIZE")
    parents: dict[int, int] = {}
    sizes: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        parents[int(path.parent.name)] = int(fields[1])
        sizes[int(path.parent.name)] = int(fields[21]) * page

    def belongs(pid: int) -> bool:
        while pid > 1:
            if pid in roots:
                return True
            pid = parents.get(pid, 0)
        return False

    return [size for pid, size in sizes.items() if size and belongs(pid)]


def heading(text: str) -> None:
    """Print a heading."""
    print(f"\n{paint('bold', f'== {text} ')}{paint('dim', '=' * (WIDTH - len(text) - 4))}")


def say(name: str, content: str) -> None:
    """Print a turn."""
    print(textwrap.fill(content, WIDTH, initial_indent=f"  {name:>4}: ", subsequent_indent=" " * 8))


def paint(colour: str, text: str) -> str:
    """The text in a colour, where the terminal shows colours."""
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if _IS_COLOURED and colour in _COLOURS else text


if __name__ == "__main__":
    sys.exit(main())
