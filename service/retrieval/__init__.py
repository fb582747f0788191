"""Ranking of what one fetch may see: text analysis, scopes in memory, the query plan, signals, fusion and packing.

What lives here: pure computation over `Item` rows, and the cache that keeps scopes in memory.
What does not: SQL, LanceDB and models; they are handed in as small protocols and callables.
"""
