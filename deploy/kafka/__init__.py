"""A real Kafka from its Maven artifacts: no Docker, no release archive."""
