"""E-mail as text: the paragraphs its author wrote, and apart from them what nobody says.

Header lines, quoted mail and the signature are turns without a role; the body belongs to the person the From line names.
Without a From line it is plain text.
"""

from __future__ import annotations

import re
from dataclasses import replace

from service.domain.kinds import Role
from service.domain.source import Source, Turn
from service.parsers.plain import parse_plain

_HEADER = re.compile(r"(?:From|To|Cc|Bcc|Date|Sent|Subject|Reply-To|Message-ID)[ \t]*:", re.IGNORECASE)
_FROM = re.compile(
    r"^From[ \t]*:[ \t]*\"?(?P<name>[^\"<\n\r@]{2,60}?)\"?[ \t]*(?:<[^>\n\r]{3,200}>)?[ \t]*$", re.IGNORECASE | re.MULTILINE
)
_SIGNATURE = re.compile(r"--[ \t]*(?:$|[\r\n])|_{5,}")
_QUOTED = re.compile(r">|On .{5,120} wrote:|-{2,} ?(?:Original Message|Forwarded message)", re.IGNORECASE)


def parse_email(source: Source) -> tuple[Turn, ...]:
    """The paragraphs of a mail; those of the body are said by its author."""
    turns = parse_plain(source)
    author = _author(turns)
    if not author:
        return turns
    parsed = []
    written = True
    for turn in turns:
        written = written and not _SIGNATURE.match(turn.text)
        if not written or _HEADER.match(turn.text) or _QUOTED.match(turn.text):
            parsed.append(turn)
        else:
            parsed.append(replace(turn, role=Role.USER, speaker=author))
    return tuple(parsed)


def _author(turns: tuple[Turn, ...]) -> str:
    if not turns or not _HEADER.match(turns[0].text):
        return ""
    found = _FROM.search(turns[0].text)
    return " ".join(found["name"].split()) if found else ""
