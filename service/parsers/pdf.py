"""PDF: the text of its pages, where a caller sends the file itself (in base64) instead of its text."""

from __future__ import annotations

import base64
import binascii
import io
import logging
import re

from pypdf import PasswordType, PdfReader
from pypdf.errors import PyPdfError

from service.parsers.unreadable import UnreadableError

MOST_PAGES = 200
"""Pages that are read; a document of 100 KB rarely has more than ten."""

MOST_CHARACTERS = 400_000
"""Text that is kept of a file: compressed text can be a hundred times as long as the file."""

_DATA_URI = re.compile(r"\s*data:application/pdf[^,]{0,100},")
_BASE64_PDF = re.compile(r"\s*JVBERi0")
_RAW_PDF = re.compile(r"\s*%PDF-\d")

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns of every flaw of a file


def holds_pdf(content: str) -> bool:
    """Whether a content is a PDF file rather than the text of one."""
    return bool(_DATA_URI.match(content) or _BASE64_PDF.match(content) or _RAW_PDF.match(content))


def pdf_text(content: str) -> str:
    """The text of a PDF file, page after page.

    Raises:
        UnreadableError: it is encrypted, broken, or has no text.
    """
    file = _bytes(content)
    try:
        text = _pages(PdfReader(io.BytesIO(file)))
    except (
        PyPdfError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        OverflowError,
        RecursionError,
        NotImplementedError,
    ) as error:
        raise UnreadableError("PDF_BROKEN", f"the PDF cannot be read: {type(error).__name__}") from error
    if not text.strip():
        raise UnreadableError("PDF_WITHOUT_TEXT", "the PDF has no text; scanned pages need recognising first")
    return text


def _bytes(content: str) -> bytes:
    if _RAW_PDF.match(content):
        raise UnreadableError("PDF_BROKEN", "a PDF file does not survive as text; send it in base64, or send its text")
    try:
        return base64.b64decode(_DATA_URI.sub("", content, count=1), validate=False)
    except (binascii.Error, ValueError) as error:
        raise UnreadableError("PDF_BROKEN", "the base64 of the PDF is damaged") from error


def _pages(reader: PdfReader) -> str:
    if reader.is_encrypted and reader.decrypt("") is PasswordType.NOT_DECRYPTED:
        raise UnreadableError("PDF_ENCRYPTED", "the PDF needs a password")
    pages: list[str] = []
    size = 0
    for page in reader.pages[:MOST_PAGES]:
        pages.append(page.extract_text().strip())
        size += len(pages[-1])
        if size > MOST_CHARACTERS:
            break
    return "\n\n".join(pages)[:MOST_CHARACTERS]
