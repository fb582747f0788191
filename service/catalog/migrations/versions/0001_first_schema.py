"""The complete first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Ordered by its bytes on both databases, whatever the locale of the server."""


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "api_keys",
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("instance_id", TEXT, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("create_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("revoke_time", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("key_id"),
    )
    op.create_index("api_keys_instance", "api_keys", ["instance_id"], unique=False)
    op.create_table(
        "batches",
        sa.Column("batch_id", TEXT, nullable=False),
        sa.Column("instance_id", TEXT, nullable=False),
        sa.Column("request_id", TEXT, nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("rejected", TEXT, nullable=False),
        sa.Column("create_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("batch_id"),
    )
    op.create_index("batches_request", "batches", ["instance_id", "request_id"], unique=False)
    op.create_table(
        "conversations",
        sa.Column("conversation", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("instance_id", TEXT, nullable=False),
        sa.Column("conversation_id", TEXT, nullable=False),
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_count", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("session_id", TEXT, nullable=False),
        sa.Column("turn_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("create_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("update_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("conversation"),
        sa.UniqueConstraint("instance_id", "conversation_id", name="conversations_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("conversations_scope", "conversations", ["scope"], unique=False)
    op.create_table(
        "dead_letters",
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lane", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("instance_id", TEXT, nullable=False),
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source_kind", TEXT, nullable=False),
        sa.Column("source_id", TEXT, nullable=False),
        sa.Column("stage", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("attempts", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("create_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shard", "lane", "seq", "log_epoch"),
    )
    op.create_index("dead_letters_source", "dead_letters", ["source_id"], unique=False)
    op.create_table(
        "dead_observations",
        sa.Column("observation_id", TEXT, nullable=False),
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("memory_id", TEXT, nullable=False),
        sa.Column("source_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("observation_id"),
    )
    op.create_index("dead_observations_source", "dead_observations", ["source_id"], unique=False)
    op.create_table(
        "deployment",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("shards", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("model_id", TEXT, nullable=False),
        sa.Column("generation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("extractor_version", TEXT, nullable=False),
        sa.Column("analysis_version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("create_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("model_dir", TEXT, nullable=True),
        sa.Column("next_model_id", TEXT, nullable=True),
        sa.Column("next_model_dir", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "documents",
        sa.Column("document", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("instance_id", TEXT, nullable=False),
        sa.Column("document_id", TEXT, nullable=False),
        sa.Column("source_id", TEXT, nullable=False),
        sa.Column("ingestion_id", TEXT, nullable=False),
        sa.Column("request_id", TEXT, nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document_type", TEXT, nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.Column("metadata", TEXT, nullable=False),
        sa.Column("document_time", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("record_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("time_zone", TEXT, nullable=False),
        sa.Column("mode", TEXT, nullable=False),
        sa.Column("lane", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("document"),
        sa.UniqueConstraint("instance_id", "document_id", name="documents_id"),
        sa.UniqueConstraint("source_id", name="documents_source"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "entities",
        sa.Column("entity_id", TEXT, nullable=False),
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("entity_id"),
    )
    op.create_index("entities_scope", "entities", ["scope"], unique=False)
    op.create_table(
        "entity_aliases",
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("alias_key", TEXT, nullable=False),
        sa.Column("entity_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("scope", "alias_key"),
    )
    op.create_table(
        "index_builds",
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("lance_version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("generation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("after_scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("after_item", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("done", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("total", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("is_complete", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shard"),
    )
    op.create_table(
        "index_pending",
        sa.Column("item_id", TEXT, nullable=False),
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("deleted", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("item_id"),
    )
    op.create_index("index_pending_shard", "index_pending", ["shard"], unique=False)
    op.create_table(
        "index_tables",
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("lance_version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("generation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shard"),
    )
    op.create_table(
        "ingestions",
        sa.Column("ingestion_id", TEXT, nullable=False),
        sa.Column("instance_id", TEXT, nullable=False),
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document_id", TEXT, nullable=False),
        sa.Column("source_id", TEXT, nullable=False),
        sa.Column("batch_id", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("stage", TEXT, nullable=False),
        sa.Column("errors", TEXT, nullable=False),
        sa.Column("passage_count", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("memory_count", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("create_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("update_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("start_time", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("finish_time", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("ingestion_id"),
    )
    op.create_index("ingestions_batch", "ingestions", ["batch_id"], unique=False)
    op.create_index("ingestions_scope", "ingestions", ["instance_id", "scope"], unique=False)
    op.create_index("ingestions_source", "ingestions", ["source_id"], unique=False)
    op.create_table(
        "instances",
        sa.Column("instance_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("isolation", TEXT, nullable=False),
        sa.Column("create_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("instance_id"),
        sa.UniqueConstraint("name", name="instances_name"),
    )
    op.create_table(
        "items",
        sa.Column("item", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("item_id", TEXT, nullable=False),
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("change_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("is_live", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("deleted_time", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("terms", TEXT, nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("generation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("next_vector", sa.LargeBinary(), nullable=True),
        sa.Column("next_generation", sa.BigInteger(), autoincrement=False, nullable=False, server_default="0"),
        sa.Column("speaker", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("conversation", TEXT, nullable=False),
        sa.Column("session", TEXT, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("parent", TEXT, nullable=False),
        sa.Column("words", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("has_time_word", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("said_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("event_time", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("valid_from", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("valid_until", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("details", TEXT, nullable=False),
        sa.Column("metadata", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("item"),
        sa.UniqueConstraint("item_id", name="items_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("items_deleted", "items", ["deleted_time"], unique=False)
    op.create_index("items_next", "items", ["shard", "next_generation"], unique=False)
    op.create_index("items_scope_change", "items", ["scope", "change_number"], unique=False)
    op.create_index("items_shard_scope", "items", ["shard", "scope", "item"], unique=False)
    op.create_index("items_turn", "items", ["scope", "session", "number"], unique=False)
    op.create_table(
        "log_applied",
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lane", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shard", "lane"),
    )
    op.create_table(
        "log_attempts",
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lane", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("errors", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_deaths", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stage", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("shard", "lane", "seq"),
    )
    op.create_table(
        "log_heads",
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lane", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shard", "lane"),
    )
    op.create_table(
        "log_held",
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lane", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shard", "lane"),
    )
    op.create_table(
        "log_indexed",
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lane", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shard", "lane"),
    )
    op.create_table(
        "log_published",
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lane", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shard", "lane"),
    )
    op.create_table(
        "memories",
        sa.Column("memory_id", TEXT, nullable=False),
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("attribute", TEXT, nullable=False),
        sa.Column("edited", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("superseded_by", TEXT, nullable=False),
        sa.Column("create_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("update_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("memory_id"),
    )
    op.create_index("memories_key", "memories", ["scope", "type", "key"], unique=False)
    op.create_index("memories_slot", "memories", ["scope", "subject", "attribute"], unique=False)
    op.create_table(
        "memory_aliases",
        sa.Column("alias_id", TEXT, nullable=False),
        sa.Column("memory_id", TEXT, nullable=False),
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("alias_id"),
    )
    op.create_table(
        "memory_entities",
        sa.Column("memory_id", TEXT, nullable=False),
        sa.Column("entity_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("memory_id", "entity_id"),
    )
    op.create_index("memory_entities_entity", "memory_entities", ["entity_id"], unique=False)
    op.create_table(
        "messages",
        sa.Column("message", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("conversation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("source_id", TEXT, nullable=False),
        sa.Column("request_id", TEXT, nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("speaker", TEXT, nullable=False),
        sa.Column("content", TEXT, nullable=False),
        sa.Column("metadata", TEXT, nullable=False),
        sa.Column("session_id", TEXT, nullable=False),
        sa.Column("said_time", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("record_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("time_zone", TEXT, nullable=False),
        sa.Column("mode", TEXT, nullable=False),
        sa.Column("lane", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("message"),
        sa.UniqueConstraint("conversation", "message_id", name="messages_id"),
        sa.UniqueConstraint("conversation", "number", name="messages_number"),
        sa.UniqueConstraint("source_id", name="messages_source"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "observations",
        sa.Column("observation_id", TEXT, nullable=False),
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source_id", TEXT, nullable=False),
        sa.Column("source_kind", TEXT, nullable=False),
        sa.Column("memory_id", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("statement", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("attribute", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("said_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("conversation", TEXT, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("end", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("passage_id", TEXT, nullable=False),
        sa.Column("session", TEXT, nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("event_time", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("polarity", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("details", TEXT, nullable=False),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("metadata", TEXT, nullable=False),
        sa.Column("terms", TEXT, nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("next_vector", sa.LargeBinary(), nullable=True),
        sa.Column("next_generation", sa.BigInteger(), autoincrement=False, nullable=False, server_default="0"),
        sa.Column("words", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("has_time_word", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("extractor_version", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("observation_id"),
    )
    op.create_index("observations_memory", "observations", ["memory_id"], unique=False)
    op.create_index("observations_next", "observations", ["next_generation"], unique=False)
    op.create_index("observations_said", "observations", ["scope", "said_time"], unique=False)
    op.create_index("observations_source", "observations", ["source_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lane", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("instance_id", TEXT, nullable=False),
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source_kind", TEXT, nullable=False),
        sa.Column("source_id", TEXT, nullable=False),
        sa.Column("create_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shard", "lane", "seq"),
    )
    op.create_table(
        "passages",
        sa.Column("passage_id", TEXT, nullable=False),
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source_id", TEXT, nullable=False),
        sa.Column("source_kind", TEXT, nullable=False),
        sa.Column("ordinal", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("end", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("embed_text", TEXT, nullable=False),
        sa.Column("text_hash", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("served_by", TEXT, nullable=False),
        sa.Column("origin", TEXT, nullable=False),
        sa.Column("extractor_version", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("passage_id"),
    )
    op.create_index("passages_served_by", "passages", ["served_by"], unique=False)
    op.create_index("passages_source", "passages", ["source_id"], unique=False)
    op.create_index("passages_text", "passages", ["scope", "text_hash"], unique=False)
    unread = sa.text("extractor_version = ''")
    op.create_index(
        "passages_unread", "passages", ["scope", "source_id"], unique=False, sqlite_where=unread, postgresql_where=unread
    )
    op.create_table(
        "refine_jobs",
        sa.Column("job_id", TEXT, nullable=False),
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source_kind", TEXT, nullable=False),
        sa.Column("source_id", TEXT, nullable=False),
        sa.Column("conversation", TEXT, nullable=False),
        sa.Column("session_id", TEXT, nullable=False),
        sa.Column("extractor_version", TEXT, nullable=False),
        sa.Column("due_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("attempts", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("create_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("job_id"),
    )
    op.create_index("refine_jobs_due", "refine_jobs", ["shard", "due_time"], unique=False)
    op.create_table(
        "relations",
        sa.Column("memory_id", TEXT, nullable=False),
        sa.Column("subject_id", TEXT, nullable=False),
        sa.Column("predicate", TEXT, nullable=False),
        sa.Column("object_id", TEXT, nullable=False),
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("memory_id", "subject_id", "predicate", "object_id"),
    )
    op.create_index("relations_scope", "relations", ["scope"], unique=False)
    op.create_table(
        "relay_leases",
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("holder", TEXT, nullable=False),
        sa.Column("expire_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shard"),
    )
    op.create_table(
        "requests",
        sa.Column("instance_id", TEXT, nullable=False),
        sa.Column("request_id", TEXT, nullable=False),
        sa.Column("method", TEXT, nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("answer", TEXT, nullable=False),
        sa.Column("create_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "request_id"),
    )
    op.create_index("requests_time", "requests", ["create_time"], unique=False)
    op.create_table(
        "scopes",
        sa.Column("scope", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("instance_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("customer_id", TEXT, nullable=False),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("change_number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("live_items", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("purged_change", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("scope"),
        sa.UniqueConstraint("instance_id", "kind", "customer_id", "user_id", name="scopes_ids"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "shard_owner",
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_id", TEXT, nullable=False),
        sa.Column("lease_time", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shard"),
    )
