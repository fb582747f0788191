"""Every table of the catalog.

Times are microseconds since 1970 UTC as integers; structured values are JSON text; vectors are 384 little-endian float16.
There are no foreign keys: rows go in the transaction that deletes their parent, and the tests hold that invariant.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint, text

metadata = MetaData()

_ROW_ID = BigInteger().with_variant(Integer, "sqlite")
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Ordered by its bytes on both databases, whatever the locale of the server."""


def _row_id(name: str) -> Column[int]:
    return Column(name, _ROW_ID, primary_key=True, autoincrement=True)


def _text(name: str, *, primary_key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(name, _TEXT, primary_key=primary_key, nullable=nullable)


def _int(name: str, *, primary_key: bool = False, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, primary_key=primary_key, nullable=nullable, autoincrement=False)


def _next_vector() -> list[Column[Any]]:
    """The vector of another model than `vector` is of, and that model's generation; see `vectors`."""
    return [
        Column("next_vector", LargeBinary, nullable=True),
        Column("next_generation", BigInteger, nullable=False, autoincrement=False, server_default="0"),
    ]


deployment = Table(
    "deployment",
    metadata,
    _int("id", primary_key=True),  # always 1
    _int("shards"),
    _int("log_epoch"),
    _text("model_id"),
    _int("generation"),
    _text("extractor_version"),
    _int("analysis_version"),
    _int("create_time"),
    _text("model_dir", nullable=True),
    _text("next_model_id", nullable=True),  # set: everything is being embedded with it
    _text("next_model_dir", nullable=True),
)

instances = Table(
    "instances",
    metadata,
    _text("instance_id", primary_key=True),
    _text("name"),
    _text("isolation"),
    _int("create_time"),
    UniqueConstraint("name", name="instances_name"),
)

api_keys = Table(
    "api_keys",
    metadata,
    _text("key_id", primary_key=True),
    _text("instance_id"),
    Column("secret_hash", LargeBinary, nullable=False),
    _text("label"),
    _int("create_time"),
    _int("revoke_time", nullable=True),
    Index("api_keys_instance", "instance_id"),
)

scopes = Table(
    "scopes",
    metadata,
    _row_id("scope"),
    _text("instance_id"),
    _text("kind"),
    _text("customer_id"),
    _text("user_id"),
    _int("shard"),
    _int("change_number"),
    _int("live_items"),
    _int("purged_change"),  # tombstones up to this change number are gone
    UniqueConstraint("instance_id", "kind", "customer_id", "user_id", name="scopes_ids"),
    sqlite_autoincrement=True,
)

conversations = Table(
    "conversations",
    metadata,
    _row_id("conversation"),
    _text("instance_id"),
    _text("conversation_id"),
    _int("scope"),
    _int("message_count"),
    _text("session_id"),
    _int("turn_time"),
    _int("create_time"),
    _int("update_time"),
    UniqueConstraint("instance_id", "conversation_id", name="conversations_id"),
    Index("conversations_scope", "scope"),
    sqlite_autoincrement=True,
)

messages = Table(
    "messages",
    metadata,
    _row_id("message"),
    _int("conversation"),
    _int("number"),
    _text("message_id"),
    _text("source_id"),
    _text("request_id"),
    Column("content_hash", LargeBinary, nullable=False),
    _text("role"),
    _text("speaker"),
    _text("content"),
    _text("metadata"),
    _text("session_id"),
    _int("said_time", nullable=True),
    _int("record_time"),
    _text("time_zone"),
    _text("mode"),
    _int("lane"),
    _int("seq"),
    UniqueConstraint("conversation", "number", name="messages_number"),
    UniqueConstraint("conversation", "message_id", name="messages_id"),
    UniqueConstraint("source_id", name="messages_source"),
    sqlite_autoincrement=True,
)

documents = Table(
    "documents",
    metadata,
    _row_id("document"),
    _text("instance_id"),
    _text("document_id"),
    _text("source_id"),
    _text("ingestion_id"),
    _text("request_id"),
    Column("content_hash", LargeBinary, nullable=False),
    _int("scope"),
    _text("document_type"),
    _text("content"),
    _text("metadata"),
    _int("document_time", nullable=True),
    _int("record_time"),
    _text("time_zone"),
    _text("mode"),
    _int("lane"),
    _int("seq"),
    UniqueConstraint("instance_id", "document_id", name="documents_id"),
    UniqueConstraint("source_id", name="documents_source"),
    sqlite_autoincrement=True,
)

ingestions = Table(
    "ingestions",
    metadata,
    _text("ingestion_id", primary_key=True),
    _text("instance_id"),
    _int("scope"),
    _text("document_id"),
    _text("source_id"),
    _text("batch_id"),
    _text("status"),
    _text("outcome"),  # the status transaction 2 will give it
    _text("stage"),
    _text("errors"),
    _int("passage_count"),
    _int("memory_count"),
    _int("create_time"),
    _int("update_time"),
    _int("start_time", nullable=True),
    _int("finish_time", nullable=True),
    Index("ingestions_source", "source_id"),
    Index("ingestions_batch", "batch_id"),
    Index("ingestions_scope", "instance_id", "scope"),
)

batches = Table(
    "batches",
    metadata,
    _text("batch_id", primary_key=True),
    _text("instance_id"),
    _text("request_id"),
    Column("content_hash", LargeBinary, nullable=False),
    _text("rejected"),  # JSON list of the item errors it answered with
    _int("create_time"),
    Index("batches_request", "instance_id", "request_id"),
)

requests = Table(
    "requests",
    metadata,
    _text("instance_id", primary_key=True),
    _text("request_id", primary_key=True),
    _text("method"),
    Column("content_hash", LargeBinary, nullable=False),
    _text("answer"),
    _int("create_time"),
    Index("requests_time", "create_time"),
)


def _progress(name: str) -> Table:
    return Table(name, metadata, _int("shard", primary_key=True), _int("lane", primary_key=True), _int("seq"))


log_heads = _progress("log_heads")
log_published = _progress("log_published")
log_applied = _progress("log_applied")
log_indexed = _progress("log_indexed")

outbox = Table(
    "outbox",
    metadata,
    _int("shard", primary_key=True),
    _int("lane", primary_key=True),
    _int("seq", primary_key=True),
    _text("instance_id"),
    _int("scope"),
    _text("source_kind"),
    _text("source_id"),
    _int("create_time"),
)

log_held = Table(
    "log_held",
    metadata,
    _int("shard", primary_key=True),
    _int("lane", primary_key=True),
    _int("first_seq"),
    _int("last_seq"),
    _int("owner_epoch"),
)

log_attempts = Table(
    "log_attempts",
    metadata,
    _int("shard", primary_key=True),
    _int("lane", primary_key=True),
    _int("seq", primary_key=True),
    _int("errors"),
    _int("owner_deaths"),
    _text("stage"),
    _text("reason"),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    _int("shard", primary_key=True),
    _int("lane", primary_key=True),
    _int("seq", primary_key=True),
    _int("log_epoch", primary_key=True),
    _text("instance_id"),
    _int("scope"),
    _text("source_kind"),
    _text("source_id"),
    _text("stage"),
    _text("reason"),
    _int("attempts"),
    _int("create_time"),
    Index("dead_letters_source", "source_id"),
)

relay_leases = Table(
    "relay_leases",
    metadata,
    _int("shard", primary_key=True),
    _int("epoch"),
    _text("holder"),
    _int("expire_time"),  # by the database's clock
)

shard_owner = Table(
    "shard_owner",
    metadata,
    _int("shard", primary_key=True),
    _int("owner_epoch"),
    _text("owner_id"),
    _int("lease_time"),
)

items = Table(
    "items",
    metadata,
    _row_id("item"),
    _text("item_id"),
    _int("scope"),
    _int("shard"),
    _int("change_number"),
    _int("version"),
    _int("is_live"),  # 0: not served; a tombstone where deleted_time is set, else hidden behind the turn it repeats
    _int("deleted_time", nullable=True),  # set: a tombstone without content
    _text("kind"),
    _text("text"),
    _text("terms"),
    Column("vector", LargeBinary, nullable=False),
    _int("generation"),
    *_next_vector(),
    _text("speaker"),
    _text("role"),
    _text("conversation"),
    _text("session"),
    _int("number"),
    _text("parent"),
    _int("words"),
    _int("has_time_word"),
    _int("said_time"),
    Column("confidence", Float, nullable=False),
    _int("event_time", nullable=True),
    _int("valid_from", nullable=True),
    _int("valid_until", nullable=True),
    _text("details"),
    _text("metadata"),
    UniqueConstraint("item_id", name="items_id"),
    Index("items_scope_change", "scope", "change_number"),
    Index("items_shard_scope", "shard", "scope", "item"),  # the order of a rebuild: a scope's rows stand together
    Index("items_deleted", "deleted_time"),
    Index("items_turn", "scope", "session", "number"),
    Index("items_next", "shard", "next_generation"),
    sqlite_autoincrement=True,
)

_UNREAD = text("extractor_version = ''")

passages = Table(
    "passages",
    metadata,
    _text("passage_id", primary_key=True),
    _int("scope"),
    _text("source_id"),
    _text("source_kind"),
    _int("ordinal"),
    _int("start"),
    _int("end"),
    _text("embed_text"),
    _int("text_hash"),  # 63 bits over the folded text
    _text("served_by"),  # the passage that is served for it; its own id unless it repeats a recorded turn
    _text("origin"),  # JSON: where it was said, as in items.details.sources
    _text("extractor_version"),  # of what read it last; empty: it is to be read again
    Index("passages_source", "source_id"),
    Index("passages_text", "scope", "text_hash"),
    Index("passages_served_by", "served_by"),
    Index("passages_unread", "scope", "source_id", sqlite_where=_UNREAD, postgresql_where=_UNREAD),
)

observations = Table(
    "observations",
    metadata,
    _text("observation_id", primary_key=True),
    _int("scope"),
    _text("source_id"),
    _text("source_kind"),
    _text("memory_id"),
    _text("type"),
    _text("key"),
    _text("statement"),
    _text("subject"),
    _text("attribute"),
    _text("value"),
    _int("said_time"),
    _text("conversation"),
    _int("number"),
    _int("start"),
    _int("end"),
    _text("passage_id"),
    _text("session"),
    Column("confidence", Float, nullable=False),
    _int("event_time", nullable=True),
    _int("polarity"),
    _text("details"),  # JSON: typed details, mentions, relations
    _text("origin"),  # JSON: where it was said, as in items.details.sources
    _text("metadata"),
    _text("terms"),
    Column("vector", LargeBinary, nullable=False),
    *_next_vector(),
    _int("words"),
    _int("has_time_word"),
    _text("extractor_version"),
    Index("observations_source", "source_id"),
    Index("observations_said", "scope", "said_time"),
    Index("observations_next", "next_generation"),
    Index("observations_memory", "memory_id"),
)

dead_observations = Table(
    "dead_observations",
    metadata,
    _text("observation_id", primary_key=True),
    _int("scope"),
    _text("memory_id"),
    _text("source_id"),
    Index("dead_observations_source", "source_id"),
)

memories = Table(
    "memories",
    metadata,
    _text("memory_id", primary_key=True),
    _int("scope"),
    _text("type"),
    _text("key"),
    _text("subject"),
    _text("attribute"),
    _int("edited"),
    _text("superseded_by"),
    _int("create_time"),
    _int("update_time"),
    Index("memories_key", "scope", "type", "key"),
    Index("memories_slot", "scope", "subject", "attribute"),
)

memory_aliases = Table("memory_aliases", metadata, _text("alias_id", primary_key=True), _text("memory_id"), _int("scope"))

entities = Table(
    "entities",
    metadata,
    _text("entity_id", primary_key=True),
    _int("scope"),
    _text("name"),
    _text("kind"),
    Index("entities_scope", "scope"),
)

entity_aliases = Table(
    "entity_aliases",
    metadata,
    _int("scope", primary_key=True),
    _text("alias_key", primary_key=True),
    _text("entity_id"),
)

memory_entities = Table(
    "memory_entities",
    metadata,
    _text("memory_id", primary_key=True),
    _text("entity_id", primary_key=True),
    Index("memory_entities_entity", "entity_id"),
)

relations = Table(
    "relations",
    metadata,
    _text("memory_id", primary_key=True),
    _text("subject_id", primary_key=True),
    _text("predicate", primary_key=True),
    _text("object_id", primary_key=True),
    _int("scope"),
    Index("relations_scope", "scope"),
)

index_pending = Table(
    "index_pending",
    metadata,
    _text("item_id", primary_key=True),
    _int("shard"),
    _int("version"),
    _int("deleted"),
    Index("index_pending_shard", "shard"),
)

index_tables = Table(
    "index_tables",
    metadata,
    _int("shard", primary_key=True),
    _text("name"),
    _int("lance_version"),
    _int("generation"),
)

index_builds = Table(
    "index_builds",
    metadata,
    _int("shard", primary_key=True),
    _text("name"),  # empty: wanted, and not begun
    _int("lance_version"),
    _int("generation"),
    _int("after_scope"),
    _int("after_item"),
    _int("done"),
    _int("total"),
    _int("is_complete"),
)

refine_jobs = Table(
    "refine_jobs",
    metadata,
    _text("job_id", primary_key=True),
    _int("shard"),
    _int("scope"),
    _text("source_kind"),
    _text("source_id"),
    _text("conversation"),
    _text("session_id"),
    _text("extractor_version"),
    _int("due_time"),
    _int("attempts"),
    _int("create_time"),
    Index("refine_jobs_due", "shard", "due_time"),
)
