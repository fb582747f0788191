"""The fetch path of a deployment of several processes: with its index on an object store, and over a catalog that holds many rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from tests.bench.fetch_path import COLD_CALLS, SCOPE_TURNS, TEMPLATES, ask, asked, fill
from tests.bench.figures import Measured, Pair
from tests.bench.jobs import JOB_SECONDS, run_job
from tests.bench.place import SHARDS, Place
from tests.support.cluster import RunningCluster, start_cluster
from tests.support.service import RunningService

COLD_TURNS = 290
"""What gives a scope about 500 rows."""
MANY_ROWS = 250_000
"""In 500 scopes: what two slow cores can load in the time of a measurement. A million take four times as long, and nothing else changes."""
WARM_CALLS = 20
LOAD_SECONDS = 2 * JOB_SECONDS


def warm_on_s3(place: Place) -> list[Pair]:
    """`FetchContext` of a user whose scope is in memory, the index on an object store; the floor is the same with the index on disk."""
    user, load = place.fresh("user"), {"calls": place.size(300, 40), "warm": place.size(30, 10), "records": False}

    def measured(service: RunningService) -> Measured:
        answer = ask(service, {"tag": place.fresh("question"), "users": [user], **load})
        return asked(answer["latencies_ms"], {"scope_bytes": service.metric("eunoe_scope_cache_bytes")})

    with place.service() as near, place.parts.bucket() as uri, place.service(vectors_uri=uri) as far:
        for service in (near, far):
            fill(service, [user], place.size(SCOPE_TURNS, 100))
        return place.alternate(lambda: measured(near), lambda: measured(far))


def cold_among_many(place: Place) -> list[Pair]:
    """`FetchContext` of scopes that nobody asked about since the API process started, of many rows; the floor is of 10,000."""
    few = _Deployment(place, place.parts.postgres.create())
    templates = [place.fresh("template") for _ in range(place.size(TEMPLATES, 1))]
    with few.running(1) as cluster:
        cluster.wait_until_owned(1)
        fill(cluster, templates, place.size(COLD_TURNS, 100))
    many = few.copied()
    small = few.grown(templates, place.size(10_000, 2_000))
    large = many.grown(templates, place.size(MANY_ROWS, 20_000))
    return place.alternate(small.asked, large.asked)


class _Deployment:
    """One database, and an API process that finds its topics there already."""

    def __init__(self, place: Place, database: str, like: _Deployment | None = None) -> None:
        """Take the name of the database; where it is a copy, the deployment that it is `like`."""
        self.place = place
        self._database = database
        self._directory: Path = like._directory if like else place.directory / place.fresh("cluster")
        self._prefix: str = like._prefix if like else f"{place.fresh('cold')}."
        self._url = place.parts.postgres.url(database)

    def running(self, workers: int = 0) -> AbstractContextManager[RunningCluster]:
        """Start its API process, and some workers."""
        brokers = self.place.parts.brokers
        return start_cluster(self._directory, brokers, workers, catalog_url=self._url, shards=SHARDS, kafka_prefix=self._prefix)

    def copied(self) -> _Deployment:
        """The same in a database of its own. Neither may run beside the other."""
        return _Deployment(self.place, self.place.parts.postgres.create(template=self._database), self)

    def grown(self, templates: Sequence[str], rows: int) -> _Grown:
        """Add copies of the scopes of the users `templates`."""
        spec: dict[str, Any] = {"directory": str(self._directory), "catalog": self._url, "templates": templates, "rows": rows}
        table = run_job("clone", LOAD_SECONDS, **spec)
        return _Grown(self, table["users"], {name: table[name] for name in ("rows", "bytes")})


class _Grown:
    """A deployment with scopes to ask about. The first is read to warm up, the others only once by each process."""

    def __init__(self, deployment: _Deployment, users: Sequence[str], sizes: Mapping[str, int]) -> None:
        self._deployment = deployment
        self._first, *others = users
        self._others = cycle(others)
        self._calls = min(COLD_CALLS, len(others))
        self._details = {"scopes": len(users), **sizes}

    def asked(self) -> Measured:
        """Start an API process and ask it."""
        users = [self._first] * WARM_CALLS + list(islice(self._others, self._calls))
        tag = self._deployment.place.fresh("question")
        with self._deployment.running() as cluster:
            answer = ask(cluster, {"tag": tag, "users": users, "calls": self._calls, "warm": WARM_CALLS, "records": False})
        return asked(answer["latencies_ms"], self._details)
