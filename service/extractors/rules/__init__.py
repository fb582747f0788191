"""The default extractor: deterministic rules for plain English talk, no model, well under a millisecond a turn.

A turn goes through: `mask` (what is not the speaker's own words) -> `clauses` (one statement each) -> `moods` (questions,
conditions, jokes say nothing) -> `grammar` (subject, verb, tense) -> the tables `emotions`, `preferences`, `episodes`,
`facts` and the dates of `dates` -> `person` (third person) -> an observation.

Rules name kinds of language. A rule that names a person, a product or a place of some example is a mistake.
"""

from __future__ import annotations

VERSION = "rules-5"
"""Noted with everything that these rules read."""
