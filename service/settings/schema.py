"""Every setting of the service: its name, type, default and what is allowed. How values are found is in `load`, how text becomes a value in `values`.

A new setting is a field with a docstring here; its TOML key, its environment variable (`EUNOE_` and the key, upper case, dots as underscores) and its line
in `eunoe doctor` follow from the name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal, NewType

Address = NewType("Address", str)
"""`HOST:PORT`; port 0 lets the system choose, IPv6 hosts stand in brackets."""

Size = NewType("Size", int)
"""Bytes; written as a number or with a unit: `32 KB`, `256 MB`, `2 GB` (1 KB is 1024 bytes)."""

Secret = NewType("Secret", str)
"""A text that is never shown: 16 characters or more, visible ASCII, no spaces."""

DatabaseUrl = NewType("DatabaseUrl", str)
"""`postgresql://USER@HOST:PORT/DATABASE`, shown without its password."""

Brokers = NewType("Brokers", str)
"""`HOST:PORT`, or several of them with commas between."""

TopicPrefix = NewType("TopicPrefix", str)
"""What names of topics begin with: letters, digits, dots, dashes and underscores."""

Location = NewType("Location", str)
"""A directory, or `s3://BUCKET/PREFIX`."""

Isolation = Literal["strict", "equals_customer"]
LogFormat = Literal["auto", "json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]


def least(lowest: float, most: float | None = None) -> dict[str, float | None]:
    """Field metadata: the smallest and largest value that is allowed (seconds for durations, bytes for sizes)."""
    return {"least": lowest, "most": most}


@dataclass(frozen=True, slots=True)
class Tls:
    """Encryption of the gRPC port; both paths or none."""

    cert: Path | None = None
    """PEM file with the server's certificate chain."""

    key: Path | None = None
    """PEM file with the certificate's private key."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a caller may send; beyond it the call is refused with the limit in the answer.

    Those with a largest value are in the wire contract too, so a deployment can make them narrower, never wider.
    """

    document: Size = field(default=Size(100 * 1024), metadata=least(1, 100 * 1024))
    """Content of one document, UTF-8 bytes."""

    batch: int = field(default=100, metadata=least(1, 100))
    """Documents in one batch."""

    message: Size = field(default=Size(32 * 1024), metadata=least(1, 32 * 1024))
    """Content of one message, UTF-8 bytes."""

    metadata: Size = field(default=Size(16 * 1024), metadata=least(2))
    """Metadata of one document, message or memory, bytes of its JSON."""

    metadata_keys: int = field(default=64, metadata=least(1))
    """Top-level keys of one metadata object."""

    id: int = field(default=256, metadata=least(1, 256))
    """Characters of an id that the caller chooses."""

    queries: int = field(default=16, metadata=least(1, 16))
    """Search queries in one fetch."""

    query: Size = field(default=Size(2 * 1024), metadata=least(1, 2 * 1024))
    """One search query, UTF-8 bytes."""

    max_results: int = field(default=50, metadata=least(1, 50))
    """Ranked items in one answer."""

    receive: Size = field(default=Size(16 * 1024 * 1024), metadata=least(1024))
    """One gRPC message as it arrives, before it is decoded."""

    calls: int = field(default=1024, metadata=least(1))
    """Calls that are going on at once, streams and watches included; beyond it a call is RESOURCE_EXHAUSTED with a time to wait."""

    in_hand: Size = field(default=Size(256 * 1024 * 1024), metadata=least(0))
    """Requests of more than 256 KB (batches) that are being answered at once; beyond it a call is RESOURCE_EXHAUSTED with a time to wait."""

    backlog: int = field(default=100_000, metadata=least(1))
    """Records not yet indexed, per instance and lane; beyond it writes are RESOURCE_EXHAUSTED."""

    calls_rate: int = field(default=0, metadata=least(0))
    """Calls per second of one instance, a stream being one, counted by each process that answers calls; 0 is no limit. Beyond it a call is
    RESOURCE_EXHAUSTED with the time until the next."""

    writes_rate: int = field(default=0, metadata=least(0))
    """Messages and documents per second of one instance, counted likewise; 0 is no limit. Beyond it a call or batch is RESOURCE_EXHAUSTED with the
    time until its turn, and a stream is read more slowly."""

    burst: timedelta = field(default=timedelta(seconds=10), metadata=least(0))
    """What a rate allows in so long may be used at once by who did not use it before."""

    stored: int = field(default=0, metadata=least(0))
    """Memories and excerpts that one instance may hold, counted in the catalog when they are found; 0 is no limit. Beyond it what is new is
    RESOURCE_EXHAUSTED until something is deleted."""

    fetches: int = field(default=128, metadata=least(1))
    """Fetches that run or wait for a thread; beyond it a fetch is RESOURCE_EXHAUSTED with a time to wait."""


@dataclass(frozen=True, slots=True)
class Commit:
    """Group commit: concurrent writes share one transaction."""

    group_items: int = field(default=256, metadata=least(1))
    """Items in one transaction."""

    group_bytes: Size = field(default=Size(1024 * 1024), metadata=least(1))
    """Content in one transaction."""

    linger: timedelta = field(default=timedelta(milliseconds=4), metadata=least(0))
    """How long a group of writes waits for company at most: half a millisecond for each item of the group before; a single caller never waits."""

    queue: int = field(default=4096, metadata=least(1))
    """Items that wait for a transaction; beyond it writes are RESOURCE_EXHAUSTED."""


@dataclass(frozen=True, slots=True)
class Cache:
    """Scopes that are held in memory and answer without the index."""

    bytes: Size = field(default=Size(256 * 1024 * 1024), metadata=least(0))
    """Memory for all scopes together; the one unused longest goes first."""

    hold_limit: int = field(default=50_000, metadata=least(1))
    """Rows of a scope above which it is not held: the index gives its candidates and the answer is marked approximate."""


@dataclass(frozen=True, slots=True)
class Model:
    """The local embedding model."""

    cache_dir: Path = Path()
    """Where the prepared model lies; by default `eunoe/models` in the user's cache directory."""

    source_dir: Path | None = None
    """A directory of your own with the model's weights and tokenizer; without it the installed model package is used."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """The search index."""

    uri: Location | None = None
    """A directory, or `s3://BUCKET/PREFIX` (credentials, endpoint and region as AWS's own tools read them: AWS_ACCESS_KEY_ID,
    AWS_ENDPOINT_URL...); without it `index` in the data directory."""


@dataclass(frozen=True, slots=True)
class Database:
    """The catalog: everything that matters."""

    url: DatabaseUrl | None = field(default=None, repr=False)
    """A PostgreSQL database that several processes share, `postgresql://USER@HOST/DATABASE` (passwords rather in PGPASSWORD or ~/.pgpass);
    without it the catalog is an SQLite file in the data directory."""


@dataclass(frozen=True, slots=True)
class Kafka:
    """The log between `eunoe serve` and `eunoe work`; `eunoe up` needs none."""

    bootstrap: Brokers | None = None
    """Addresses of some brokers of the cluster, with commas between: `kafka-1:9092,kafka-2:9092`."""

    prefix: TopicPrefix = TopicPrefix("eunoe.")
    """What the names of the topics and of the group of workers begin with; one per deployment."""

    replication: int | None = field(default=None, metadata=least(1, 32))
    """Copies of each partition in topics that the service makes; as many as there are brokers, at most 3, where not given."""

    retention: timedelta = field(default=timedelta(hours=24), metadata=least(60))
    """How long records stay in topics that the service makes. Short is right: the catalog can always publish them again."""

    session_timeout: timedelta = field(default=timedelta(seconds=10), metadata=least(1))
    """A worker that is not heard of for so long loses its shards to others."""


@dataclass(frozen=True, slots=True)
class Log:
    """What the service says about itself, on standard error."""

    format: LogFormat = "auto"
    """One JSON object per line, lines for a person, or (auto) whichever fits: console on a terminal, else JSON."""

    level: LogLevel = "info"
    """The least severe level that is written."""


@dataclass(frozen=True, slots=True)
class Shutdown:
    """The end, on SIGTERM or Ctrl-C."""

    drain: timedelta = field(default=timedelta(0), metadata=least(0))
    """How long calls are still accepted while health says NOT_SERVING, so that a load balancer can look away first."""

    grace: timedelta = field(default=timedelta(seconds=10), metadata=least(0))
    """How long running calls and the work in hand may take before they are cut off; nothing acknowledged is lost by that."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one service, complete and checked."""

    data_dir: Path = Path()
    """Where everything that must survive lies; by default `eunoe` in the user's data directory. One service per directory."""

    listen: Address = Address("127.0.0.1:50051")
    """Address of the gRPC port."""

    http: Address = Address("127.0.0.1:9464")
    """Address of the HTTP port with `/metrics`, `/healthz` and `/readyz`."""

    insecure: bool = False
    """Allow plaintext beyond this machine (keys and content can be read on the way)."""

    isolation: Isolation | None = None
    """Of the instance made in an empty data directory: `strict` (a user always comes with a customer; also where nothing is said) or
    `equals_customer` (users only). An instance keeps what it was made with."""

    admin_token: Secret | None = field(default=None, repr=False)
    """Opens the admin calls; without it the one that the service drew into `credentials.json` does."""

    shards: int | None = field(default=None, metadata=least(1, 1024))
    """Slices of a deployment that `eunoe serve` or `eunoe work` creates, 16 where not given; fixed from then on. `eunoe up` always has one."""

    ready_file: Path | None = None
    """A second place for what `ready.json` in the data directory says while the service is ready: addresses, pid, credentials file."""

    tls: Tls = Tls()
    limits: Limits = Limits()
    commit: Commit = Commit()
    cache: Cache = Cache()
    model: Model = Model()
    vectors: Vectors = Vectors()
    catalog: Database = Database()
    kafka: Kafka = Kafka()
    log: Log = Log()
    shutdown: Shutdown = Shutdown()

    @property
    def database(self) -> Path:
        """The catalog's SQLite file."""
        return self.data_dir / "catalog.db"

    @property
    def index_uri(self) -> str:
        """Where the LanceDB tables are."""
        return self.vectors.uri or str(self.data_dir / "index")

    @property
    def catalog_place(self) -> Path | str:
        """Where the catalog is: its SQLite file, or the URL of its PostgreSQL database."""
        return self.catalog.url or self.database

    @property
    def ready_files(self) -> tuple[Path, ...]:
        """Written when the service is ready, removed when it stops; the first one is where the command line looks."""
        own = self.data_dir / "ready.json"
        return (own,) if self.ready_file is None else (own, self.ready_file)

    @property
    def credentials_file(self) -> Path:
        """The first instance's key and the admin token, mode 0600."""
        return self.data_dir / "credentials.json"
