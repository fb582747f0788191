"""Which rows of a scope a request may be served.

What lives here: types, validity in time, metadata, turns shown elsewhere.
What does not: who may read which scope (decided before a scope is loaded).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from service.domain.kinds import PASSAGE
from service.retrieval.columns import KINDS, Columns
from service.retrieval.plan import Plan
from service.retrieval.request import EVERYTHING, RankRequest

Mask = NDArray[np.bool_]


def recent_rows(columns: Columns, request: RankRequest) -> Mask | None:
    """Passages of turns that the caller shows elsewhere; None where there are none."""
    if not request.recent_numbers:
        return None
    code = columns.codes["conversation"].numbers.get(request.recent_conversation)
    if code is None or not request.recent_conversation:
        return None
    passages = (columns.numbers("conversation") == code) & (columns.numbers("kind") == KINDS.index(PASSAGE))
    rows: Mask = passages & np.isin(columns.numbers("number"), list(request.recent_numbers))
    return rows


def eligible_rows(columns: Columns, request: RankRequest, recent: Mask | None, plan: Plan | None = None) -> Mask:
    """Rows that may be served.

    Without `as_of` a row whose validity has ended by the time of the query is left out, unless the question asks about the time when it was
    valid; one whose validity begins later is served.
    """
    allowed = columns.flags("is_live").copy()
    if recent is not None:
        allowed &= ~recent
    if request.kinds != EVERYTHING:
        wanted = np.array([kind in request.kinds for kind in KINDS])
        allowed &= wanted[columns.numbers("kind")]
    if request.as_of is None:
        allowed &= (columns.times("valid_until") > request.query_time) | asked_about(columns, plan)
    else:
        allowed &= columns.times("said_time") <= request.as_of
        allowed &= columns.times("valid_from") <= request.as_of
        allowed &= columns.times("valid_until") > request.as_of
    if request.metadata:
        allowed &= _metadata_matches(columns, request.metadata)[columns.numbers("metadata")]
    return allowed


def asked_about(columns: Columns, plan: Plan | None) -> Mask:
    """Rows whose time of validity the question asks about: a period that it names meets it, or it asks for what was before."""
    if plan is None or not (plan.periods or plan.asks_past):
        return np.zeros(columns.rows, np.bool_)
    if plan.asks_past:
        return np.ones(columns.rows, np.bool_)
    met = np.zeros(columns.rows, np.bool_)
    for period in plan.periods:
        met |= (columns.times("valid_from") <= period.end) & (columns.times("valid_until") > period.start)
    return met


def _metadata_matches(columns: Columns, wanted: Mapping[str, object]) -> Mask:
    """Whether each distinct metadata of the scope holds the wanted keys with equal values."""
    return np.array([_holds(metadata, wanted) for metadata in columns.codes["metadata"].numbers] or [False])


def _holds(metadata: str, wanted: Mapping[str, object]) -> bool:
    if not metadata:
        return False
    held = json.loads(metadata)
    return isinstance(held, dict) and all(key in held and _equal(held[key], value) for key, value in wanted.items())


def _equal(a: object, b: object) -> bool:
    """Equality of JSON values: true is not 1, but 1 is 1.0."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(_equal, a, b))
    return a == b
