"""Other processes that write a catalog, one message a transaction, until they are done or killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.catalog.engine import Catalog
from service.catalog.recording import Recorder
from service.domain.writes import RecordedMessage
from tests.support.catalogs import message

REPOSITORY = Path(__file__).resolve().parents[2]


@contextmanager
def program(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process, which said that it is ready."""
    process = subprocess.Popen(
        [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        assert process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.stdin.close()
        process.stdout.close()
        process.wait()


class Writer:
    """A process that waits for its start."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def go(self) -> None:
        """Begin."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def told(self) -> tuple[int, int]:
        """(message number, record's number) of the next message that was acknowledged."""
        assert self._process.stdout is not None
        number, seq = self._process.stdout.readline().split()
        return int(number), int(seq)

    def kill(self) -> list[tuple[int, int]]:
        """`kill -9`. Returns what it had said before."""
        self._process.kill()
        assert self._process.stdout is not None
        lines = [line.split() for line in self._process.stdout.read().splitlines()]
        return [(int(line[0]), int(line[1])) for line in lines if len(line) == 2]


@contextmanager
def writing(place: Path | str, messages: int) -> Iterator[Writer]:
    """A process that will write so many messages to one conversation."""
    with program("-m", "tests.support.writers", str(place), str(messages)) as process:
        yield Writer(process)


def main() -> None:
    """Arguments: the catalog's place, how many messages."""
    place, messages = sys.argv[1:]
    catalog, recorder = Catalog(place if "://" in place else Path(place)), Recorder(1)
    print("ready", flush=True)  # noqa: T201 - to the test that started this
    sys.stdin.readline()
    for turn in range(int(messages)):
        (answer,) = catalog.transact(lambda connection, turn=turn: recorder.record(connection, [message(f"turn {turn}")]))  # type: ignore[misc]
        recorder.committed()
        assert isinstance(answer, RecordedMessage)
        print(answer.number, answer.entry.seq, flush=True)  # noqa: T201 - as above


if __name__ == "__main__":
    main()
