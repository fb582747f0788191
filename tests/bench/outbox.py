"""A job that writes turns into a fresh catalog which nobody has published or processed: what a relay finds after a pause."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import Any

from sqlalchemy import text

from service.catalog.deployment import create_deployment
from service.catalog.engine import Catalog
from service.catalog.migrate import migrate
from service.catalog.recording import Recorder
from service.domain.kinds import ScopeKind
from service.domain.scope import ScopeRef
from service.domain.writes import MessageWrite
from tests.bench.jobs import answer_once
from tests.support.catalogs import message
from tests.support.talk import utterances

GROUP = 256
TALKS = 64
_METADATA = json.dumps({"channel": "voice", "device": "device-7", "locale": "en-GB"})


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """Make a deployment of `shards` shards in the empty database `catalog`, with `turns` turns under `tag`, each talk a customer's own."""
    with closing(Catalog(spec["catalog"])) as catalog:
        migrate(catalog)
        with catalog.write() as connection:
            create_deployment(connection, shards=spec["shards"], model_id="none", extractor_version="1", analysis_version=1)
        recorder = Recorder(spec["shards"])
        turns = islice(_turns(spec["tag"]), spec["turns"])
        while group := list(islice(turns, GROUP)):
            with catalog.write() as connection:
                recorder.record(connection, group)
            recorder.committed()
        with catalog.write() as connection:
            connection.execute(text("ANALYZE"))  # as PostgreSQL does by itself, a minute later
    return {}


def _turns(tag: str) -> Iterator[MessageWrite]:
    talks = [(f"{tag} talk {number}", utterances(f"{tag}/{number}")) for number in range(TALKS)]
    while True:
        for talk, said in talks:
            scope = ScopeRef(ScopeKind.USER, f"customer of {talk}", "user")
            yield message(next(said).content, conversation=talk, scope=scope, metadata=_METADATA)


if __name__ == "__main__":
    answer_once(main)
