"""Generate the Python stubs from the protos, or check that the committed ones are current.

    python protos/generate.py            regenerates clients/python/src/{eunoe,buf}
    python protos/generate.py --check    fails when the committed stubs differ

The generators live in an environment of their own, `.tools/protogen`, built on first use from `protos/requirements.txt`.
Generated code refuses runtimes older than its generator, so the generator stays old on purpose while the runtime is new.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
SOURCES = ROOT / "clients" / "python" / "src"
TOOLS = ROOT / ".tools" / "protogen"
REQUIREMENTS = PROTOS / "requirements.txt"

PACKAGES = {
    "eunoe": "Wire types of Eunoe, generated from its protos. Users want `eunoe_client` instead.",
    "eunoe/v1": "Version 1 of the wire API; generated.",
    "eunoe/log": "What the service's own processes tell each other through Kafka; generated.",
    "eunoe/log/v1": "Version 1 of the records of the log; generated.",
    "buf/validate": "The validation rules that the wire types carry; generated. They must be loaded for rules to be enforced.",
}
"""Generated folders and their docstrings. `buf` itself stays a namespace: other distributions may add to it."""

TYPED = ("eunoe", "buf/validate")
"""Where a `py.typed` tells type checkers to look."""


def main() -> int:
    """Regenerate or check, and say which."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / "stubs"
        generate(generator(), fresh)
        if check:
            return report(differences(fresh))
        for top in ("eunoe", "buf"):
            shutil.rmtree(SOURCES / top, ignore_errors=True)
            shutil.copytree(fresh / top, SOURCES / top)
    print(f"Wrote the stubs to {SOURCES.relative_to(ROOT)}.")
    return 0


def generator() -> Path:
    """The interpreter that has the pinned generators, building its environment when the pins changed."""
    python = TOOLS / "bin" / "python"
    stamp = TOOLS / "requirements.txt"
    if stamp.exists() and stamp.read_bytes() == REQUIREMENTS.read_bytes():
        return python
    print("Installing the pinned generators (once) ...", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", TOOLS], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", "--require-hashes", "-r", REQUIREMENTS], check=True)
    shutil.copy(REQUIREMENTS, stamp)
    return python


def generate(python: Path, target: Path) -> None:
    """Write stubs with their types for every proto of ours, and for the validation rules beside them."""
    target.mkdir(parents=True)
    files = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.glob("eunoe/**/*.proto"))
    services = [file for file in files if file.endswith("_service.proto")]
    protoc(python, [*files, "buf/validate/validate.proto"], f"--python_out={target}", f"--mypy_out=quiet:{target}")
    protoc(python, services, f"--grpc_python_out={target}", f"--mypy_grpc_out=quiet:{target}")
    for folder, docstring in PACKAGES.items():
        (target / folder / "__init__.py").write_text(f'"""{docstring}"""\n', encoding="utf-8")
    for folder in TYPED:
        (target / folder / "py.typed").touch()


def protoc(python: Path, files: list[str], *outputs: str) -> None:
    """Run the pinned compiler, with its own plugins first on the path."""
    search = f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    roots = (f"--proto_path={PROTOS}", f"--proto_path={PROTOS / 'third_party'}")
    subprocess.run([python, "-m", "grpc_tools.protoc", *roots, *outputs, *files], check=True, env={**os.environ, "PATH": search})


def differences(fresh: Path) -> list[str]:
    """Paths of the stubs that differ between `fresh` and the committed ones, or are only in one of them."""
    paths = {
        path.relative_to(base)
        for base in (fresh, SOURCES)
        for top in ("eunoe", "buf")
        for path in (base / top).rglob("*")
        if is_stub(path)
    }
    return sorted(str(path) for path in paths if not same(fresh / path, SOURCES / path))


def is_stub(path: Path) -> bool:
    """Whether a path is a file that the generator answers for."""
    return path.is_file() and "__pycache__" not in path.parts


def same(left: Path, right: Path) -> bool:
    """Whether both files exist with equal bytes."""
    return left.exists() and right.exists() and filecmp.cmp(left, right, shallow=False)


def report(stale: list[str]) -> int:
    """Name the stale stubs; the exit status tells whether there are any."""
    for path in stale:
        print(f"stale: {(SOURCES / path).relative_to(ROOT)}", file=sys.stderr)
    print("The stubs differ from the protos: run `make protos`." if stale else "The stubs are current.")
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
