"""Single-valued attributes: of one subject each holds one value at a time, so a newer value supersedes the older one.

`Observation.attribute` is one of `ATTRIBUTES`, or `FAVOURITE` or `DOSE` followed by what it is about ("favourite writer",
"dose of ramipril"), or `DATE` followed by a kind of appointment ("date of interview"). Everything else a subject can have
several of, and nothing supersedes it.
"""

from __future__ import annotations

ATTRIBUTES: dict[str, str] = {
    "name": "what somebody is called",
    "home": "where somebody lives",
    "job": "what somebody works as",
    "employer": "who somebody works for",
    "school": "where somebody studies",
    "diet": "a way of eating: vegan, gluten free",
    "relationship": "married, single, divorced",
    "age": "years",
    "birthday": "day and month, perhaps the year",
    "phone number": "how to ring somebody",
    "email": "how to write to somebody",
    "address": "street and number",
    "phone": "the telephone somebody uses",
    "laptop": "the portable computer somebody uses",
    "computer": "the computer somebody uses",
    "car": "the car somebody drives",
    "bike": "the bicycle somebody rides",
    "plan": "a subscription or tariff",
    "gym": "where somebody trains",
    "doctor": "who treats somebody",
    "rent": "what somebody pays for the home",
    "salary": "what somebody earns",
    "budget": "what may be spent",
    "deadline": "until when something must be done",
    "weight": "of a body",
    "height": "of a body",
    "shoe size": "as somebody buys shoes",
    "time zone": "where the clock of somebody stands",
    "native language": "what somebody grew up with",
}

FAVOURITE = "favourite "
"""Prefix of "favourite writer", "favourite colour"."""

DOSE = "dose of "
"""Prefix of "dose of ramipril"."""

DATE = "date of "
"""Prefix of "date of interview". People have several appointments of a kind, so only a correction supersedes an earlier date."""


def is_slot(attribute: str) -> bool:
    """Whether an attribute holds one value at a time."""
    return attribute in ATTRIBUTES or attribute.startswith((FAVOURITE, DOSE, DATE))
