"""`python -m tests.bench.profile LOAD PROCESS`: what one process of the service does under a load, by function.

Needs `py-spy` on the PATH (`pip install py-spy`, outside this environment) and the right to trace one's own processes. Counted is who holds
the interpreter, and, separately, CPU time by thread: what runs in libraries without it (ONNX Runtime, LanceDB, SQLite) shows only there.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import click

from tests.bench.jobs import run_job
from tests.bench.place import Place, new_place
from tests.support.service import RunningService

SECONDS = 8
PER_SECOND = 100
_BEGIN_SECONDS = 3.0
"""What a client needs to prepare what it sends."""
_USER = "profiled"

LOADS: dict[str, tuple[str, dict[str, Any]]] = {
    "record": ("clients.unary", {"callers": 64, "calls": 400, "warm": 5}),
    "record_one": ("clients.unary", {"callers": 1, "calls": 8000, "warm": 5}),
    "stream": ("clients.stream", {"streams": 8, "items": 11_000, "warm": 5}),
    "fetch": ("clients.fetch", {"users": [_USER], "calls": 3000, "warm": 5, "records": False}),
    "alternate": ("clients.fetch", {"users": [_USER], "calls": 1500, "warm": 5, "records": True}),
    "drain": ("clients.drain", {"turns": 3000}),
}


@click.command()
@click.argument("load", type=click.Choice(list(LOADS)))
@click.argument("process", type=click.Choice(["api", "owner", "child"]))
@click.option("--top", default=40, show_default=True, help="Functions shown.")
def main(load: str, process: str, top: int) -> None:
    """Profile one process of the service under one of the benches' loads."""
    with new_place(1, is_quick=False) as place, place.service() as service:
        reach: dict[str, Any] = {"address": service.address, "key": service.credentials["api_key"]}
        if load in {"fetch", "alternate"}:
            run_job("clients.fill", users=[_USER], turns=600, **reach)
        module, spec = LOADS[load]
        client = threading.Thread(target=run_job, args=(module,), kwargs={"tag": "profile", **spec, **reach})
        client.start()
        time.sleep(_BEGIN_SECONDS)
        stacks, threads = _sampled(place, service, process)
        client.join()
    click.echo(f"CPU of {process}, percent of one core over {SECONDS} s, by thread:")
    for name, seconds in _largest(threads, 8):
        click.echo(f"{100 * seconds / SECONDS:6.1f}  {name}")
    click.echo(f"Interpreter held, percent of {sum(stacks.values())} samples ({PER_SECOND * SECONDS} taken):")
    for function, share in _largest(_shares(stacks), top):
        click.echo(f"{100 * share:6.1f}  {function}")


def _sampled(place: Place, service: RunningService, process: str) -> tuple[Counter[str], dict[str, float]]:
    """Samples by stack, and CPU seconds by thread."""
    pid, out = {"api": service.api, "owner": service.owner, "child": service.child}[process].pid, place.directory / "stacks"
    before = _cpu_by_thread(pid)
    options = [
        "--duration",
        str(SECONDS),
        "--rate",
        str(PER_SECOND),
        "--format",
        "raw",
        "--output",
        str(out),
        "--gil",
        "--nonblocking",
    ]
    subprocess.run(["py-spy", "record", "--pid", str(pid), *options], check=True, capture_output=True)  # noqa: S607
    stacks: Counter[str] = Counter()
    for line in out.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        stacks[stack] += int(count)
    return stacks, {name: seconds - before.get(name, 0.0) for name, seconds in _cpu_by_thread(pid).items()}


def _shares(stacks: Counter[str]) -> dict[str, float]:
    """The share of samples in which a function is on the stack."""
    found: Counter[str] = Counter()
    for stack, count in stacks.items():
        for function in set(stack.split(";")):
            found[function] += count
    return {function: count / stacks.total() for function, count in found.items()}


def _largest(values: dict[str, float], most: int) -> list[tuple[str, float]]:
    return sorted(values.items(), key=lambda pair: -pair[1])[:most]


def _cpu_by_thread(pid: int) -> dict[str, float]:
    seconds: dict[str, float] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        fields = (task / "stat").read_text()
        name, rest = fields[fields.index("(") + 1 : fields.rindex(")")], fields.rpartition(")")[2].split()
        own = "main" if task.name == str(pid) else name
        seconds[own] = seconds.get(own, 0.0) + (int(rest[11]) + int(rest[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


if __name__ == "__main__":
    main()
