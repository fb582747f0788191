"""The owner's side of the child: starting it, feeding it, noticing its death."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from service.ops.logging import get_logger
from service.pipeline.child import Done, RefineDone, SliceDone, Started, Task, run_child

AHEAD = 2
"""Slices the child holds at once: it never waits for the owner between two."""

STALL_SECONDS = 120.0
"""A child that says nothing for so long while it has work is taken for hung, and killed."""

log = get_logger(__name__)

Event = Started | Done | RefineDone | SliceDone


class ChildDiedError(Exception):
    """The child is gone; `started` is what it had said it was working on, if anything."""

    def __init__(self, started: Started | None) -> None:
        """Take what it said last."""
        super().__init__(f"the child died (working on {started})")
        self.started = started


class ChildWorker:
    """One child process, started again when it dies."""

    def __init__(
        self, model_dir: Path, on_restart: Callable[[], None], main: Callable[[Connection, Path], None] = run_child
    ) -> None:
        """Take what the child needs; `start` begins.

        Args:
            model_dir: the model's files.
            on_restart: called when one child replaces another.
            main: the child's main function, importable by name.
        """
        self._main = main
        self._model_dir = model_dir
        self._on_restart = on_restart
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._slices = 0
        self._working_on: Started | None = None
        self._heard = time.monotonic()

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
        self._slices, self._working_on, self._heard = 0, None, time.monotonic()

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
        return self._slices < AHEAD

    def send(self, task: Task) -> None:
        """Give it a slice.

        Raises:
            ChildDiedError: it is gone.
        """
        if self._slices == 0:
            self._heard = time.monotonic()
        try:
            self.connection.send(task)
        except (BrokenPipeError, ConnectionResetError, OSError) as error:
            raise ChildDiedError(self._working_on) from error
        self._slices += 1

    def receive(self) -> list[Done | RefineDone]:
        """What it has finished by now, without waiting.

        Raises:
            ChildDiedError: it is gone, or hung and was killed.
        """
        done: list[Done | RefineDone] = []
        try:
            while self.connection.poll():
                event: Event = self.connection.recv()
                self._heard = time.monotonic()
                if isinstance(event, Started):
                    self._working_on = event
                elif isinstance(event, Done | RefineDone):
                    done.append(event)
                else:
                    self._slices -= 1
                    self._working_on = None
        except (EOFError, ConnectionResetError, OSError) as error:
            if done:
                return done  # its death is noticed at the next call
            raise ChildDiedError(self._working_on) from error
        if self._slices and time.monotonic() - self._heard > STALL_SECONDS:
            log.error("child_hung", working_on=self._working_on)
            raise ChildDiedError(self._working_on)
        return done
