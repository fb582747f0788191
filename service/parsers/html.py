"""HTML as text: headings, lists and table rows stay lines of their own, scripts, styles and what is hidden go.

The result is Markdown as far as `service.parsers.markdown` reads it, so that every passage knows its headings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

_IS_HTML = re.compile(r"\s*(?:<!doctype html|<html\b|<\?xml[^>]{0,200}>\s*<html\b)|<(?:body|head)\b[^>]{0,500}>", re.IGNORECASE)
_BLOCK_TAG = re.compile(r"</?(?:p|div|h[1-6]|ul|ol|table|td|section|article|span)\b[^<>]{0,500}>|<br ?/?>", re.IGNORECASE)
_ENOUGH_TAGS = 4
"""Tags that make a text HTML without a head or body."""
_LOOKED_AT = 20_000
_SILENT = frozenset(
    {"title", "script", "style", "template", "noscript", "svg", "head", "iframe", "object", "select", "button", "nav", "textarea"}
)
"""Elements whose text nobody reads as part of the document."""
_BLOCKS = frozenset(
    "p div section article header footer main aside ul ol table tr blockquote pre form fieldset figure figcaption address dl dt dd body html".split()
)
_HEADINGS = tuple(f"h{level}" for level in range(1, 7))
_START_OF = dict.fromkeys(_BLOCKS, "\n\n") | {tag: "\n\n" + "#" * level + " " for level, tag in enumerate(_HEADINGS, 1)}
_START_OF |= {"tr": "\n", "li": "\n- ", "td": " | ", "th": " | ", "br": "\n", "hr": "\n\n"}
_END_OF = dict.fromkeys((*_BLOCKS, *_HEADINGS), "\n\n") | {"tr": ""}
_BLANKS = re.compile(r"[ \t\r\f\v\u00a0]+")
_FIRST_CELL = re.compile(r"(?m)^ ?\| ?")
_LINES = re.compile(r" ?\n ?(?:\n ?)+")


def looks_like_html(text: str) -> bool:
    """Whether a text is HTML rather than a text that mentions a tag."""
    beginning = text[:_LOOKED_AT]
    if "<" not in beginning:
        return False
    if _IS_HTML.search(beginning):
        return True
    tags = _BLOCK_TAG.finditer(beginning)
    return sum(1 for _, _ in zip(range(_ENOUGH_TAGS), tags, strict=False)) == _ENOUGH_TAGS


def html_text(html: str) -> str:
    """What a reader sees of an HTML text."""
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        root = etree.fromstring(html.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        root = None
    if root is None:
        return ""
    text = _BLANKS.sub(" ", "".join(_pieces(root)))
    text = _FIRST_CELL.sub("", re.sub(r" ?\n ?", "\n", text))
    return _LINES.sub("\n\n", text).strip()


def _pieces(root: etree._Element) -> Iterator[str]:
    """The texts of a tree with the line ends that its elements bring; what stands in a silent element is left out."""
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag
        if event == "start" and (tag in _SILENT or _is_hidden(element)):
            walk.skip_subtree()
        elif event == "start":
            yield _START_OF.get(tag, "")
            yield (element.text or "").replace("\n", " ")
        else:
            yield _END_OF.get(tag, "")
            yield (element.tail or "").replace("\n", " ")


def _is_hidden(element: etree._Element) -> bool:
    return element.get("hidden") is not None or "display:none" in (element.get("style") or "").replace(" ", "").lower()
