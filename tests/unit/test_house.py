"""Rules of the house that no linter checks."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import service

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 600
"""Lines above which a file's docstring must say why it is that long."""


def hand_written() -> list[Path]:
    """Every Python file that somebody wrote."""
    files = [
        *ROOT.glob("service/**/*.py"),
        *ROOT.glob("tests/**/*.py"),
        *ROOT.glob("clients/python/**/*.py"),
        *ROOT.glob("protos/*.py"),
    ]
    generated = (ROOT / "clients/python/src/eunoe", ROOT / "clients/python/src/buf")
    return [path for path in files if not any(path.is_relative_to(folder) for folder in generated)]


def test_the_service_is_this_repository_s() -> None:
    """`import service` finds this repository, not another distribution of that name."""
    assert Path(service.__file__).resolve().is_relative_to(ROOT)


def test_no_test_folder_shadows_the_service() -> None:
    """No folder of tests is called `service`, which would be imported in its place."""
    assert [str(path) for path in ROOT.glob("tests/**/service") if path.is_dir()] == []


def test_the_domain_stands_on_the_standard_library() -> None:
    """`service.domain` imports the standard library and itself, nothing else."""
    foreign = [
        f"{path.name}: {name}"
        for path in ROOT.glob("service/domain/**/*.py")
        for name in imports(path)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("service.domain")
    ]

    assert foreign == []


def test_long_files_say_why() -> None:
    """A file above 600 lines says in its docstring why it is that long."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in hand_written()}
    for path, length in sorted(lengths.items(), key=lambda item: -item[1])[:10]:
        print(f"{length:5} {path.relative_to(ROOT)}")  # noqa: T201  (the ten largest, for whoever reads the report)

    silent = [
        str(path.relative_to(ROOT)) for path, length in lengths.items() if length > LIMIT and "lines" not in docstring(path)
    ]

    assert silent == []


def test_every_module_says_what_it_holds() -> None:
    """Every module of the service and the client that holds code has a docstring."""
    packages = (ROOT / "service", ROOT / "clients/python/src/eunoe_client")
    modules = [path for path in hand_written() if any(path.is_relative_to(package) for package in packages)]

    assert [
        str(path.relative_to(ROOT)) for path in modules if path.read_text(encoding="utf-8").strip() and not docstring(path)
    ] == []


def test_nothing_names_a_machine() -> None:
    """The locks name no registry: they work wherever packages come from."""
    locks = [ROOT / "requirements.txt", ROOT / "requirements-weights.txt", ROOT / "protos" / "requirements.txt"]

    assert [str(path) for path in locks if "://" in path.read_text(encoding="utf-8")] == []


def docstring(path: Path) -> str:
    """A module's docstring, empty where it has none."""
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def imports(path: Path) -> Iterator[str]:
    """The modules a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."
