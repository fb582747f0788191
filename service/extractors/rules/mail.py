"""Mail that nobody wrote to anybody: advertising and newsletters state nothing about the one who receives them."""

from __future__ import annotations

import re

_ADVERTISING = re.compile(
    r"\bunsubscribe\b|\bview (?:this email )?in (?:your )?browser\b|\byou are receiving this (?:email|mail|message|because)\b|"
    r"\bmanage (?:your )?(?:email )?preferences\b|\bundisclosed recipients\b|\bno longer wish to receive\b",
    re.IGNORECASE,
)


def is_advertising(content: str) -> bool:
    """Whether a mail went to a list."""
    return bool(_ADVERTISING.search(content))
