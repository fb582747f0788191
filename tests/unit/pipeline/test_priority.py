"""Whatever works in the background lets callers go first, and takes nothing back from whoever said so before."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from service.pipeline.priority import NICE, OWNER_SLICE, step_back

_STEPS_BACK = """
import os
from service.pipeline.priority import OWNER_SLICE, step_back
step_back(OWNER_SLICE)
print(os.nice(0), os.sched_getscheduler(0))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="priorities are a thread's on Linux only")
def test_a_thread_steps_back_alone() -> None:
    """A thread that steps back takes along those that it starts, and nobody else."""
    before = os.nice(0)
    seen: list[int] = []

    def started() -> None:
        seen.append(os.nice(0))

    def work() -> None:
        step_back(OWNER_SLICE)
        started()
        other = threading.Thread(target=started)
        other.start()
        other.join()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert seen == [max(NICE, before)] * 2
    assert os.nice(0) == before


@pytest.mark.parametrize(("command", "told"), [(["nice", "-n", "19"], f"19 {os.SCHED_OTHER}"), (["chrt", "--batch", "0"], None)])
def test_what_the_administrator_chose_stays(command: list[str], told: str | None) -> None:
    """A process that was started with a lower priority, or with a policy of its own, keeps it."""
    done = subprocess.run([*command, sys.executable, "-c", _STEPS_BACK], capture_output=True, text=True, check=True)

    assert done.stdout.split() == (told or f"{max(NICE, os.nice(0))} {os.SCHED_BATCH}").split()
