"""Who is whom: the relations of the graph as words that may stand for each other.

What lives here: reading relations out of memories' details, and which words a question brings along ("my sister" brings "Ana", and "Ana" brings
"sister"). What does not: storing the graph (the catalog's matter), scoring (`fuse`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from service.retrieval.terms import analyse

Pair = tuple[str, str]

_RELATIONS = re.compile(r'"relations":(\[\{.*?\}\])')
_ROLE_OF = re.compile(r"_of\Z")


def pairs_in(details: str) -> tuple[Pair, ...]:
    """Names and roles that a memory brings together, as its details hold them: ("Ana", "sister")."""
    found = _RELATIONS.search(details)
    if found is None:
        return ()
    return tuple((edge["subject"], _ROLE_OF.sub("", edge["predicate"]).replace("_", " ")) for edge in json.loads(found[1]))


def index_kin(pairs: Iterable[Pair]) -> dict[str, frozenset[str]]:
    """Which terms each term may stand for, both ways."""
    index: dict[str, set[str]] = {}
    for name, role in set(pairs):
        names, roles = analyse(name), analyse(role)
        for terms, others in ((names, roles), (roles, names)):
            for term in terms:
                index.setdefault(term, set()).update(others)
    return {term: frozenset(others) for term, others in index.items()}


def related_terms(terms: Sequence[str], indexes: Sequence[Mapping[str, frozenset[str]]]) -> tuple[str, ...]:
    """The terms that those of a question bring along, without them, in one order."""
    found = {other for index in indexes for term in terms for other in index.get(term, ())}
    return tuple(sorted(found.difference(terms)))
