"""Check that the protos break no caller: compare them with those of the last tag or, before the first tag, of the parent commit."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUF = Path(sys.executable).parent / "buf"


def main() -> int:
    """Compare, and say with what."""
    reference = git("describe", "--tags", "--abbrev=0") or git("rev-parse", "--verify", "--quiet", "HEAD^")
    if not reference:
        print("No tag and no parent commit: there is nothing to be compatible with.")
        return 0
    if not git("ls-tree", "--name-only", reference, "protos/buf.yaml"):
        print(f"{reference} has no protos: there is nothing to be compatible with.")
        return 0
    print(f"Comparing the protos with those of {reference}.")
    with tempfile.TemporaryDirectory() as before:
        extract(reference, Path(before))
        return subprocess.run([BUF, "breaking", "protos", "--against", f"{before}/protos"], cwd=ROOT, check=False).returncode


def git(*arguments: str) -> str:
    """What a git command prints; empty where it fails."""
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def extract(reference: str, target: Path) -> None:
    """Lay the protos of a commit under `target`."""
    archive = subprocess.run(["git", "archive", reference, "protos"], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(target, filter="data")


if __name__ == "__main__":
    raise SystemExit(main())
