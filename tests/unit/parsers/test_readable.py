"""Files become text: PDF, encoded mail, HTML; in what cannot be read an error says why."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from service.domain.kinds import DocumentType, Role
from service.parsers.readable import readable
from service.parsers.unreadable import UnreadableError
from service.pipeline.parse import parse
from service.pipeline.prepare import StageFailedError, prepare
from tests.support.lines import LineExtractor
from tests.support.pdf import pdf
from tests.unit.parsers.sources import document

BOUND_SECONDS = 5.0
"""Wall clock for 100 KB of the worst text, on a busy machine."""
SIZE = 100_000


def read(content: str, kind: DocumentType) -> str:
    """The content as a parser sees it."""
    return readable(document(content, kind)).content


def refusal(content: str, kind: DocumentType) -> str:
    """The code with which a content is refused."""
    with pytest.raises(UnreadableError) as caught:
        readable(document(content, kind))
    return caught.value.code


def test_the_text_of_a_pdf_file() -> None:
    """A file in base64, alone or as a data URI, is read; the text of a PDF stays as it is."""
    file = pdf(text="The pier opens in May.")
    assert read(file, DocumentType.PDF) == "The pier opens in May."
    assert read("data:application/pdf;base64," + file, DocumentType.PDF) == "The pier opens in May."
    assert read("The pier opens in May.", DocumentType.PDF) == "The pier opens in May."


def test_a_pdf_in_which_nothing_can_be_read() -> None:
    """No text, a password, and damage are told apart."""
    assert refusal(pdf(), DocumentType.PDF) == "PDF_WITHOUT_TEXT"
    assert refusal(pdf(text="secret", password="key"), DocumentType.PDF) == "PDF_ENCRYPTED"
    assert refusal("JVBERi0xLjQKgarbage", DocumentType.PDF) == "PDF_BROKEN"
    assert refusal("%PDF-1.7 binary as text", DocumentType.PDF) == "PDF_BROKEN"


def test_the_stage_tells_why_nothing_can_be_read() -> None:
    """The ingestion's error names the stage and the code, not a class of ours."""
    with pytest.raises(StageFailedError) as caught:
        prepare(document(pdf(), DocumentType.PDF), LineExtractor())
    assert (caught.value.error.stage, caught.value.error.code) == ("parse", "PDF_WITHOUT_TEXT")


def test_html_keeps_headings_and_drops_what_nobody_sees() -> None:
    """Headings, lists and rows are lines; scripts, styles and hidden text go."""
    page = (
        "<!doctype html><html><head><title>t</title><script>var x = 'said';</script></head><body><h2>Opening</h2>"
        "<p>Open <b>daily</b> &amp; late.</p><ul><li>one<li>two</ul><table><tr><td>a<td>b</tr></table><p hidden>no</p></body></html>"
    )
    text = read(page, DocumentType.DOCUMENT)
    assert text.split("\n\n") == ["## Opening", "Open daily & late.", "- one\n- two", "a | b"]
    assert refusal("<html><body><script>1</script></body></html>", DocumentType.NOTE) == "NO_TEXT"


def test_text_that_mentions_a_tag_is_text() -> None:
    """One tag makes no page."""
    text = "Use <b> for bold and a < b for less."
    assert read(text, DocumentType.NOTE) == text


def test_a_mail_as_it_travels() -> None:
    """Headers and body are decoded, the plain part wins, attachments are left out."""
    mail = (
        "From: =?utf-8?b?Wm/DqyBMaW5k?= <zoe@lind.example>\nSubject: =?utf-8?q?Gr=C3=B6=C3=9Fe?=\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/html\n\n<p>page</p>\n--b\n'
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nSWNoIHdvaG5lIGluIEvDtmxuLg==\n--b\n"
        "Content-Type: text/plain\nContent-Disposition: attachment\n\nlist\n--b--\n"
    )
    assert read(mail, DocumentType.EMAIL).split("\n") == [
        "From: Zoë Lind <zoe@lind.example>",
        "Subject: Größe",
        "",
        "Ich wohne in Köln.",
    ]


def test_only_what_the_author_wrote_is_said() -> None:
    """Headers, quotations, closing and signature have no role; the Date line says when."""
    mail = (
        "From: Maja Lind <maja@lind.example>\nTo: Ole\nDate: Mon, 3 Mar 2025 08:00:00 +0100\n\nThe boat is ready.\n\n"
        "Am 2. März 2025 um 10:11 schrieb Ole:\n\n> When is it ready?\n\nCome by.\n\nViele Grüße\nMaja\n\nLind Boats, Bergen"
    )
    turns = parse(document(mail, DocumentType.EMAIL)).turns
    assert [turn.text for turn in turns if turn.role is Role.USER] == ["The boat is ready.", "Come by."]
    assert {turn.said_time.isoformat() for turn in turns} == {"2025-03-03T07:00:00+00:00"}


def test_a_date_that_cannot_be_is_not_believed() -> None:
    """A mail from the future, or with a broken date, was written when the caller says."""
    for date in ("Mon, 3 Mar 2125 08:00:00 +0100", "Mon, 99 Foo 99999 08:00", "0000-00-00 00:00"):
        source = document(f"From: Maja Lind <m@l.example>\nDate: {date}\n\nHi there.", DocumentType.EMAIL)
        assert {turn.said_time for turn in parse(source).turns} == {source.said_time}


def test_a_ticket_is_said_by_its_customer() -> None:
    """Fields are said by nobody."""
    turns = parse(document("Ticket: 7\nCustomer: Olav Berg\n\nThe lamp is broken.", DocumentType.SUPPORT_TICKET)).turns
    assert [(turn.role, turn.speaker) for turn in turns] == [(None, ""), (Role.USER, "Olav Berg")]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (DocumentType.DOCUMENT, "<div>" * (SIZE // 5)),
        (DocumentType.DOCUMENT, "<html>" + '<a b="' * (SIZE // 6)),
        (DocumentType.DOCUMENT, "<html>" + "<!--" * (SIZE // 4)),
        (DocumentType.EMAIL, "MIME-Version: 1.0\nFrom: " + "(" * SIZE + "\n\nhi"),
        (DocumentType.EMAIL, "Content-Type: text/plain; " + "a=b; " * (SIZE // 5) + "\n\nhi"),
        (DocumentType.EMAIL, ('Content-Type: multipart/mixed; boundary="b"\n\n--b\n') * (SIZE // 50)),
        (DocumentType.EMAIL, "From: A <a@b.example>\n\n" + "On 1 " * (SIZE // 5) + "wrote:"),
        (DocumentType.PDF, "JVBERi0xLjQK" + "QUJD" * (SIZE // 4)),
        (DocumentType.SUPPORT_TICKET, "Customer: x\n" * (SIZE // 12)),
        (DocumentType.NOTE, "a" * SIZE),
    ],
    ids=["nested", "quotes", "comments", "parentheses", "parameters", "parts", "attributions", "pdf", "fields", "one_word"],
)
def test_hostile_content_takes_bounded_time(kind: DocumentType, content: str) -> None:
    """100 KB of the worst text are read or refused within seconds."""
    started = time.monotonic()
    with suppress(UnreadableError):
        parse(document(content, kind))
    assert time.monotonic() - started < BOUND_SECONDS
