"""Where commands print for a person."""

from __future__ import annotations

from rich.console import Console

_UNWRAPPED = 1_000_000


def open_console(*, stderr: bool = False) -> Console:
    """Standard output or error. Lines are wrapped for a terminal only: a file or another program gets them whole."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = _UNWRAPPED
    return console
