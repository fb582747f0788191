"""From record to memory: parse, segment, extract, embed (in the child), resolve and store (in the owner).

What lives here: the stages, one file each, and the two processes that run them.
What does not: gRPC (an entrance of its own) and SQL text (the catalog's).
To add a stage: an item type in `domain.source`, a module named after its verb, a call in `prepare`.
"""
