"""Stage 1: a source taken apart into turns."""

from __future__ import annotations

from service.domain.source import Parsed, Source
from service.parsers import registry


def parse(source: Source) -> Parsed:
    """Finds who said what."""
    return Parsed(source, registry.parse(source))
