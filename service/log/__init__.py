"""The log: what happened to sources, numbered per shard and lane, applied at least once.

What lives here: the port that the API process speaks to, and its implementations (embedded now; Kafka beside it later).
What does not: the numbers themselves, which are the catalog's.
"""
