"""The error of a document in which nothing can be read."""

from __future__ import annotations


class UnreadableError(Exception):
    """Nothing can be read; `code` says why, in capitals."""

    def __init__(self, code: str, message: str) -> None:
        """Take the code that the ingestion's error shows, and a sentence for people."""
        super().__init__(message)
        self.code = code
