"""What a figure was measured on, without naming the machine."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]


def commit() -> str:
    """The commit of the working tree, with `-changed` where files that git knows differ from it."""
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", "service", "clients", "protos")
    return _git("rev-parse", "--short=12", "HEAD") + ("-changed" if changed else "")


def machine() -> str:
    """Cores, processor, system and Python."""
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {_processor()}, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=_REPOSITORY, capture_output=True, text=True, check=False)  # noqa: S607
    return done.stdout.strip() or ""
