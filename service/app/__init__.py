"""Use cases: one class per kind of thing, one method per verb of the wire API, in the words of the domain.

What lives here: scopes and isolation, idempotency, limits on work, the order of reads and writes.
What does not: wire types (`service.rpc`), SQL (`service.catalog`), ranking (`service.retrieval`).
"""
