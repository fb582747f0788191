"""`python -m tests.bench.readme`: put the last figure of each scenario into the README and into `docs/scaling.md`, between their two markers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tests.bench.results import RESULTS
from tests.bench.scenarios import CLUSTER, SCENARIOS, Scenario

ROOT = Path(__file__).resolve().parents[2]
PAGES = {ROOT / "README.md": SCENARIOS, ROOT / "docs" / "scaling.md": CLUSTER}
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
_HEAD = "| Measure | Value | Floor | Ratio | At least | Goal |\n|---|---|---|---|---|---|\n"


@click.command()
def main() -> None:
    """Write the tables of the last figures."""
    for page, scenarios in PAGES.items():
        write(page, scenarios)


def write(page: Path, scenarios: Mapping[str, Scenario]) -> None:
    """Write a table into its page.

    Raises:
        click.ClickException: the page has no place for it.
    """
    before, found, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, found_end, after = rest.partition(END)
    if not found or not found_end:
        raise click.ClickException(f"{page.name} lacks {BEGIN} or {END}")
    page.write_text(f"{before}{BEGIN}\n{_table(scenarios)}{END}{after}", encoding="utf-8")


def _table(scenarios: Mapping[str, Scenario]) -> str:
    """The last figures as Markdown, with what they were measured on."""
    lines = {name: _last(name) for name in scenarios}
    rows = [_row(scenarios[name], line) for name, line in lines.items() if line is not None]
    places = sorted({f"{line['machine']}, commit {line['commit']}" for line in lines.values() if line is not None})
    return f"{_HEAD}{''.join(rows)}\nMeasured on {'; '.join(places)}.\n"


def _last(name: str) -> dict[str, Any] | None:
    path = RESULTS / f"{name}.jsonl"
    if not path.exists():
        return None
    line: dict[str, Any] = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
    return line


def _row(scenario: Scenario, line: dict[str, Any]) -> str:
    unit = line["unit"]
    floor = "–" if line["floor"] is None else f"{line['floor']:g} {unit}"
    if line["ratio"] is None:
        cells = [floor, "–", f"{line['at_least']:g} {unit}", f"{line['goal']:g} {unit}"]
    else:
        cells = [floor, f"{line['ratio']:.2f}", f"{line['at_least']:g}", f"{line['goal']:g}"]
    return f"| {scenario.asked.title} | {line['value']:g} {unit} | {' | '.join(cells)} |\n"


if __name__ == "__main__":
    main()
