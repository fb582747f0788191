"""E-mail as text: the paragraphs its author wrote, and apart from them what nobody says.

Header lines, quoted mail, the closing and the signature are turns without a role; the body belongs to the person the From line names and was
said when the Date line says. Without a From line it is plain text. The patterns look at single lines of bounded length: the libraries that find
quoted replies were tried and need minutes for a hostile mail (docs/adr/0010-documents-become-text.md).
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from service.domain.kinds import Role
from service.domain.source import Source, Turn
from service.parsers.plain import parse_plain

_HEADER = re.compile(
    r"(?:From|To|Cc|Bcc|Date|Sent|Subject|Reply-To|Message-ID|Von|An|Betreff|De|À|Para|Asunto|Objet|Assunto|Da|A|Oggetto)[ \t]*:",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"^(?:From|Von|De|Da)[ \t]*:[ \t]*\"?(?P<name>[^\"<\n\r@]{2,60}?)\"?[ \t]*(?:<[^>\n\r]{3,200}>)?[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_DATE = re.compile(r"^Date[ \t]*:[ \t]*(?P<date>[^\r\n]{6,80})$", re.IGNORECASE | re.MULTILINE)
_SIGNATURE = re.compile(r"--[ \t]*(?:$|[\r\n])|_{5,}")
_CLOSING = re.compile(
    r"(?:(?:kind|best|warm|many)? ?(?:regards|wishes)|best|cheers|thanks(?: (?:again|a lot|so much|in advance))?|many thanks|thank you|sincerely|"
    r"yours(?: \w+)?|"
    r"take care|(?:viele|liebe|beste|herzliche|schöne|freundliche) grüße|mit freundlichen grüßen|(?:lg|vg|mfg)|gruß|cordialement|bien à vous|"
    r"bien cordialement|(?:un )?saludos?(?: cordial\w*)?|atentamente|un abrazo|(?:com os melhores )?cumprimentos|atenciosamente|(?:um )?abraço|"
    r"cordiali saluti|(?:tanti )?saluti|a presto|sent from my \w+|von meinem \w+ gesendet|envoyé de mon \w+|enviado desde mi \w+)[,.!]?[ \t]*(?:$|[\r\n])",
    re.IGNORECASE,
)
_LONGEST_CLOSING = 400
"""Characters of the paragraph with the closing; a longer one is a letter that begins with "Thanks"."""
_ATTRIBUTION = re.compile(
    r"(?:On .{5,160} wrote:|Am .{5,160} schrieb.{0,80}:|Le .{5,160} a écrit ?:|El .{5,160} escribió:|Em .{5,160} escreveu:|Il .{5,160} ha scritto:)",
    re.IGNORECASE | re.DOTALL,
)
_FORWARDED = re.compile(
    r"-{2,} ?(?:Original Message|Forwarded message|Ursprüngliche Nachricht|Weitergeleitete Nachricht|Message d'origine|Mensaje original|Messaggio originale)|"
    r"Begin forwarded message:",
    re.IGNORECASE,
)
_INNER_HEADERS = re.compile(
    r"(?:From|Von|De|Da)[ \t]*:[^\r\n]{2,200}\r?\n(?:Sent|Date|Gesendet|Envoyé|Enviado|Inviato|To|An|À|Para|A)[ \t]*:",
    re.IGNORECASE,
)
_LATEST = timedelta(days=1)


def parse_email(source: Source) -> tuple[Turn, ...]:
    """The paragraphs of a mail; those of the body are said by its author, when its Date line says."""
    turns = parse_plain(source)
    author = _author(turns)
    if not author:
        return turns
    said = _said_time(source, turns[0].text)
    written = _written(turns)
    return tuple(
        replace(turn, role=Role.USER, speaker=author, said_time=said) if own else replace(turn, said_time=said)
        for turn, own in zip(turns, written, strict=True)
    )


def _written(turns: tuple[Turn, ...]) -> list[bool]:
    """Which paragraphs the author wrote for this mail."""
    written = []
    is_over = False
    for number, turn in enumerate(turns):
        text = turn.text
        following = turns[number + 1].text if number + 1 < len(turns) else ""
        if _SIGNATURE.match(text) or _FORWARDED.match(text) or (number > 0 and _INNER_HEADERS.match(text)):
            is_over = True
        elif _ATTRIBUTION.match(text):
            is_over = is_over or not (">" in text or following.startswith(">"))
            written.append(False)
            continue
        own = not is_over and not (number == 0 and _HEADER.match(text)) and not text.startswith(">")
        if own and len(text) <= _LONGEST_CLOSING and _CLOSING.match(text):
            is_over, own = True, False
        written.append(own)
    return written


def _author(turns: tuple[Turn, ...]) -> str:
    if not turns or not _HEADER.match(turns[0].text):
        return ""
    found = _FROM.search(turns[0].text)
    return " ".join(found["name"].split()) if found else ""


def _said_time(source: Source, headers: str) -> datetime:
    """The Date line, where it can be believed."""
    found = _DATE.search(headers)
    try:
        said = parsedate_to_datetime(found["date"].strip()) if found else source.said_time
        said = said.replace(tzinfo=UTC) if said.tzinfo is None else said.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return source.said_time
    return said if datetime(1000, 1, 1, tzinfo=UTC) < said <= source.said_time + _LATEST else source.said_time
