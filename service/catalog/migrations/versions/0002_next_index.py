"""A search index that is built beside the one in use, also with another model: where it has come to, and the vectors of that model."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table and the columns."""
    op.create_table(
        "index_builds",
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lance_version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("generation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("after_scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("after_item", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("done", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("total", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("is_complete", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shard"),
    )
    for name in ("model_dir", "next_model_id", "next_model_dir"):
        op.add_column("deployment", sa.Column(name, sa.Text(), nullable=True))
    for table in ("items", "observations"):
        op.add_column(table, sa.Column("next_vector", sa.LargeBinary(), nullable=True))
        op.add_column(
            table, sa.Column("next_generation", sa.BigInteger(), autoincrement=False, nullable=False, server_default="0")
        )
    op.create_index("items_next", "items", ["shard", "next_generation"], unique=False)
    op.create_index("observations_next", "observations", ["next_generation"], unique=False)
