"""The owner's side of the child: starting it, feeding it, noticing its death."""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from service.pipeline.child import Done, EmbedSlice, PrepareSlice, RefineDone, SliceDone, Started, Task, run_child

AHEAD = 2
"""Slices the child holds at once: it never waits for the owner between two."""

LOAD_SECONDS = 120.0
"""The longest a child may take to load its model: the first time anything is heard of it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a child may say nothing while it has work, before it is taken for hung and killed."""

    seconds: float = 15.0
    """Where what it works on is short: some hundred times what that takes."""
    per_character: float = 0.0015
    """More, for each character of the slice: thirty times what rules need for it (100 KB: 5 s), for a child is nice and may get that share of a core."""

    def of(self, size: int) -> float:
        """Seconds for a slice of so many characters."""
        return self.seconds + size * self.per_character


ATTENTION_SECONDS = 1.0
"""At most so much of a silence is counted at once: an owner that was busy, stopped or asleep itself did not listen."""

Event = Started | Done | RefineDone | SliceDone


class ChildDiedError(Exception):
    """The child is gone; `started` is what it had said it was working on, if anything."""

    code = "CHILD_DIED"
    words = "the process that worked on it died"

    def __init__(self, started: Started | None) -> None:
        """Take what it said last."""
        super().__init__(f"{self.words} ({started})")
        self.started = started


class ChildHungError(ChildDiedError):
    """The child said nothing for so long that it is as good as dead; the next start ends it."""

    code = "CHILD_HUNG"
    words = "the process that worked on it said nothing for too long"


class ChildWorker:
    """One child process, started again when it dies."""

    def __init__(
        self,
        model_dir: Path,
        on_restart: Callable[[], None],
        main: Callable[[Connection, Path], None] = run_child,
        patience: Patience = Patience(),
    ) -> None:
        """Take what the child needs; `start` begins.

        Args:
            model_dir: the model's files.
            on_restart: called when one child replaces another.
            main: the child's main function, importable by name.
            patience: how long it may say nothing.
        """
        self._main = main
        self._patience = patience
        self._model_dir = model_dir
        self._on_restart = on_restart
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._slices: deque[int] = deque()  # the characters of each that it holds
        self._working_on: Started | None = None
        self._has_spoken = False
        self._silence = self._looked = 0.0

    def start(self) -> None:
        """Start a child, replacing one that died."""
        if self._process is not None:
            self._on_restart()
        self.stop()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(target=self._main, args=(theirs, self._model_dir), name="eunoe-child", daemon=True)
        self._process.start()
        theirs.close()  # or its end would never close for us
        self._connection = ours
        self._slices.clear()
        self._working_on, self._has_spoken = None, False
        self._listen_anew()

    def stop(self) -> None:
        """End the child; what it had is lost."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None:
            self._process.kill()
            self._process.join()

    @property
    def pid(self) -> int | None:
        """Its process id."""
        return None if self._process is None else self._process.pid

    @property
    def connection(self) -> Connection:
        """What to wait on."""
        if self._connection is None:
            raise ChildDiedError(None)
        return self._connection

    @property
    def wants_work(self) -> bool:
        """Whether it should be sent another slice."""
        return len(self._slices) < AHEAD

    @property
    def is_busy(self) -> bool:
        """Whether it holds a slice: what it is sent now waits for that."""
        return bool(self._slices)

    def send(self, task: Task) -> None:
        """Give it a slice.

        Raises:
            ChildDiedError: it is gone.
        """
        if not self._slices:
            self._listen_anew()
        try:
            self.connection.send(task)
        except (BrokenPipeError, ConnectionResetError, OSError) as error:
            raise ChildDiedError(self._working_on) from error
        self._slices.append(_size(task))

    def receive(self) -> list[Done | RefineDone]:
        """What it has finished by now, without waiting.

        Raises:
            ChildDiedError: it is gone.
            ChildHungError: it has said nothing for too long.
        """
        done: list[Done | RefineDone] = []
        try:
            while self.connection.poll():
                event: Event = self.connection.recv()
                self._hear(event)
                if isinstance(event, Done | RefineDone):
                    done.append(event)
        except (EOFError, ConnectionResetError, OSError) as error:
            if done:
                return done  # its death is noticed at the next call
            raise ChildDiedError(self._working_on) from error
        self._check_silence()
        return done

    def _hear(self, event: Event) -> None:
        self._has_spoken = True
        self._listen_anew()
        if isinstance(event, Started):
            self._working_on = event
        elif isinstance(event, SliceDone):
            self._slices.popleft()
            self._working_on = None

    def _listen_anew(self) -> None:
        self._silence, self._looked = 0.0, time.monotonic()

    def _check_silence(self) -> None:
        now = time.monotonic()
        self._silence += min(now - self._looked, ATTENTION_SECONDS)
        self._looked = now
        longest = self._patience.of(self._slices[0]) if self._slices and self._has_spoken else LOAD_SECONDS
        if self._slices and self._silence > longest:
            raise ChildHungError(self._working_on)


def _size(task: Task) -> int:
    """The characters of a slice."""
    if isinstance(task, EmbedSlice):
        return sum(map(len, task.texts))
    sources = task.sources if isinstance(task, PrepareSlice) else task.session.sources
    return sum(len(source.content) for source in sources)
