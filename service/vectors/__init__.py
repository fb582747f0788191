"""The search index: one LanceDB table of items per shard, rebuildable from the catalog at any time."""
