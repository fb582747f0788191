"""The fetch path over scopes of 600 turns: warm, while the scope is being written, and cold in tables of two sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

from tests.bench.figures import Measured, Pair, percentile
from tests.bench.jobs import run_job
from tests.bench.place import LostError, Place, Reachable, nothing_missing, reach

SCOPE_TURNS = 600
TEMPLATES = 4
"""Scopes that went through the whole service; the others of a table are copies of them under other ids."""
COLD_CALLS = 24
"""Cold calls per start of the service at most; in a small table there are fewer scopes."""


def warm(place: Place) -> list[Pair]:
    """`FetchContext` of a user whose scope is in memory."""
    return _warm(place, records=False)


def alternating(place: Place) -> list[Pair]:
    """The same, with a turn recorded into that scope before each question."""
    return _warm(place, records=True)


def cold_small(place: Place) -> list[Pair]:
    """`FetchContext` of scopes that nobody asked about since the service started, in a table of 5,000 rows."""
    return _cold(place, rows=place.size(5_000, 1_000), starts=3)


def cold_large(place: Place) -> list[Pair]:
    """The same in a table of 100,000 rows."""
    return _cold(place, rows=place.size(100_000, 10_000), starts=1)


def _warm(place: Place, *, records: bool) -> list[Pair]:
    user, load = place.fresh("user"), {"calls": place.size(300, 40), "warm": place.size(30, 10)}

    def floor() -> Measured:
        with place.echo(embeds=True) as address:
            spec: dict[str, Any] = {"tag": place.fresh("question"), "users": [user], "records": False, **load}
            answer = run_job("clients.fetch", address=address, key="", **spec)
        return asked(answer["latencies_ms"], {})

    def run() -> Measured:
        spec = {"tag": place.fresh("question"), "users": [user], "records": records, **load}
        return asked(ask(service, spec)["latencies_ms"], {})

    with place.service() as service:
        fill(service, [user], place.size(SCOPE_TURNS, 100))
        return place.alternate(floor, run)


def _cold(place: Place, rows: int, *, starts: int) -> list[Pair]:
    directory = place.directory / place.fresh("data")
    with place.service(directory) as service:
        templates = [place.fresh("template") for _ in range(place.size(TEMPLATES, 1))]
        fill(service, templates, place.size(SCOPE_TURNS, 100))
    table = run_job("clone", directory=str(directory), templates=templates, rows=rows)
    everybody = cycle(table["users"])  # a service that was started anew has read none of them

    def some() -> list[str]:
        return [next(everybody) for _ in range(min(COLD_CALLS, len(table["users"])))]

    def floor() -> Measured:
        spec: dict[str, Any] = {"directory": str(directory), "model_dir": str(place.model_dir)}
        found = [run_job("floors.index", tag=place.fresh("question"), users=some(), **spec) for _ in range(starts)]
        parts = {name: percentile(_joined(found, name), 0.5) for name in ("embed_ms", "vector_ms", "text_ms")}
        return Measured(percentile(_joined(found, "latencies_ms"), 0.5), parts)

    def run() -> Measured:
        answers = []
        for _ in range(starts):
            with place.service(directory) as service:
                users = some()
                spec = {"tag": place.fresh("question"), "users": users, "calls": len(users), "warm": 0, "records": False}
                answers.append(ask(service, spec))
        return asked(_joined(answers, "latencies_ms"), {"rows": table["rows"]})

    return place.alternate(floor, run)


def fill(service: Reachable, users: Sequence[str], turns: int) -> None:
    """Give users so many turns each."""
    nothing_missing(run_job("clients.fill", users=users, turns=turns, **reach(service)))


def ask(service: Reachable, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Ask a service as told, see `clients.fetch`.

    Raises:
        LostError: an answer was empty.
    """
    answer = run_job("clients.fetch", **reach(service), **spec)
    if answer["empty"]:
        raise LostError(f"{answer['empty']} answers were empty")
    return answer


def asked(latencies: Sequence[float], details: Mapping[str, Any]) -> Measured:
    """The median of calls that were asked."""
    return Measured(percentile(latencies, 0.5), {"p95_ms": percentile(latencies, 0.95), "calls": len(latencies), **details})


def _joined(answers: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    return [value for answer in answers for value in answer[name]]
