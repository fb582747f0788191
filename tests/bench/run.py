"""`python -m tests.bench.run [SCENARIO...]`: measure, print each figure with its floor, append to `results`.

Ends with 1 where something acknowledged was missing, an answer was empty, or a helper failed; a figure that misses what is asked is printed as such.
"""

from __future__ import annotations

import sys
import time

import click
from rich.console import Console
from rich.table import Table

from tests.bench import results
from tests.bench.figures import Figure
from tests.bench.jobs import JobFailedError
from tests.bench.place import LostError, Place, new_place
from tests.bench.scenarios import ALL, CLUSTER, SCENARIOS

_VERDICTS = {"goal": "goal met", "yes": "yes", "no": "NO"}


@click.command()
@click.argument("names", nargs=-1, metavar="[SCENARIO]...", type=click.Choice(list(ALL)))
@click.option("--cluster", is_flag=True, help="All of a deployment of several processes, in place of all of `eunoe up`.")
@click.option("--pairs", default=3, show_default=True, help="Alternating pairs of floor and run; the medians count.")
@click.option("--quick", is_flag=True, help="One small pair of each, to see that everything works: no measurement.")
@click.option("--record/--no-record", default=True, help="Whether to write to the results.  [default: yes, but not with --quick]")
def main(names: tuple[str, ...], cluster: bool, pairs: int, quick: bool, record: bool) -> None:
    """Measure the scenarios named, or all of them."""
    figures, failures = [], []
    console = Console(width=None if sys.stdout.isatty() else 140)
    with new_place(1 if quick else pairs, is_quick=quick) as place:
        for name in names or (CLUSTER if cluster else SCENARIOS):
            started = time.monotonic()
            try:
                figures.append(_measure(place, name))
            except (LostError, JobFailedError, AssertionError) as error:
                failures.append(f"{name}: {error}")
                console.print(f"{name} failed: {error}", style="red")
                continue
            if record and not quick:
                results.append(figures[-1])
            console.print(f"{name}: {_told(figures[-1])} in {time.monotonic() - started:.0f} s")
    console.print(_table(figures))
    if failures:
        raise click.ClickException("; ".join(failures))


def _measure(place: Place, name: str) -> Figure:
    scenario = ALL[name]
    return Figure(name, scenario.asked, scenario.measure(place))


def _told(figure: Figure) -> str:
    ratio = "" if figure.ratio is None else f", {figure.ratio:.2f} of its floor"
    return f"{_number(figure.value)} {figure.asked.unit}{ratio}"


def _table(figures: list[Figure]) -> Table:
    table = Table("measure", "unit")
    for column in ("value", "floor", "ratio", "at least", "goal", "met?"):
        table.add_column(column, justify="right")
    for figure in figures:
        asked = figure.asked
        cells = [_number(figure.value), _number(figure.floor), _number(figure.ratio), f"{asked.at_least:g}", f"{asked.goal:g}"]
        table.add_row(asked.title, asked.unit, *cells, _VERDICTS[figure.verdict])
    return table


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    main()
