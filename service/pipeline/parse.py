"""Stage 1: a source taken apart into turns."""

from __future__ import annotations

from service.domain.source import Parsed, Source
from service.parsers import registry
from service.parsers.readable import readable


def parse(source: Source) -> Parsed:
    """Makes the content text that can be read, and finds who said what in it.

    Raises:
        UnreadableError: nothing in it can be read.
    """
    text = readable(source)
    return Parsed(text, registry.parse(text))
