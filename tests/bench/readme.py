"""`python -m tests.bench.readme`: put the last figure of each scenario into the README, between its two markers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from tests.bench.results import RESULTS
from tests.bench.scenarios import SCENARIOS

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
_HEAD = "| Measure | Value | Floor | Ratio | At least | Goal |\n|---|---|---|---|---|---|\n"


@click.command()
def main() -> None:
    """Write the table of the last figures into the README.

    Raises:
        click.ClickException: the README has no place for it.
    """
    before, found, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, found_end, after = rest.partition(END)
    if not found or not found_end:
        raise click.ClickException(f"{README.name} lacks {BEGIN} or {END}")
    README.write_text(f"{before}{BEGIN}\n{table()}{END}{after}", encoding="utf-8")


def table() -> str:
    """The last figures as Markdown, with what they were measured on."""
    lines = {name: _last(name) for name in SCENARIOS}
    rows = [_row(name, line) for name, line in lines.items() if line is not None]
    places = sorted({f"{line['machine']}, commit {line['commit']}" for line in lines.values() if line is not None})
    return f"{_HEAD}{''.join(rows)}\nMeasured on {'; '.join(places)}.\n"


def _last(name: str) -> dict[str, Any] | None:
    path = RESULTS / f"{name}.jsonl"
    if not path.exists():
        return None
    line: dict[str, Any] = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
    return line


def _row(name: str, line: dict[str, Any]) -> str:
    unit = line["unit"]
    floor = "–" if line["floor"] is None else f"{line['floor']:g} {unit}"
    if line["ratio"] is None:
        cells = [floor, "–", f"{line['at_least']:g} {unit}", f"{line['goal']:g} {unit}"]
    else:
        cells = [floor, f"{line['ratio']:.2f}", f"{line['at_least']:g}", f"{line['goal']:g}"]
    return f"| {SCENARIOS[name].asked.title} | {line['value']:g} {unit} | {' | '.join(cells)} |\n"


if __name__ == "__main__":
    main()
