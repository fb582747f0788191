"""What a mail tells by its form: whether anybody wrote it to anybody (advertising states nothing), and for whom its sender writes."""

from __future__ import annotations

import re

_ADVERTISING = re.compile(
    r"\bunsubscribe\b|\bview (?:this email )?in (?:your )?browser\b|\byou are receiving this (?:email|mail|message|because)\b|"
    r"\bmanage (?:your )?(?:email )?preferences\b|\bundisclosed recipients\b|\bno longer wish to receive\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"^(?:From|Von|De|Da)[ \t]*:[^\r\n]{0,200}@(?:[\w-]+\.)*?(?P<domain>[\w-]+)\.[a-z.]+>?[ \t]*$", re.MULTILINE | re.IGNORECASE
)
_HEADERS = 2_000
_PARTS = re.compile(r" ?[,|\u2022\u00b7;] ?| [-\u2013\u2014] ")
_NAMED = re.compile(r"[A-Z][\w&'-]*(?: [\w&'.-]+){0,4}")
_SHORTEST = 4
"""Letters of a domain by which a name can be told."""


def is_advertising(content: str) -> bool:
    """Whether a mail went to a list."""
    return bool(_ADVERTISING.search(content))


def sender_of(content: str) -> str:
    """The organisation that a mail's signature names, as the sender's address says too: "Harbour Mills" of `anna@harbourmills.example`."""
    address = _ADDRESS.search(content[:_HEADERS])
    if not address:
        return ""
    domain = _letters(address["domain"])
    for line in content.splitlines():
        if not line.startswith((">", "From:", "To:", "Cc:")):
            for part in _PARTS.split(line.strip()):
                if len(domain) >= _SHORTEST and _letters(part).startswith(domain) and _NAMED.fullmatch(part):
                    return part
    return ""


def _letters(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())
