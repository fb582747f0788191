"""Log lines of every process: structlog's own, the standard library's and those of Rust libraries, in one form on one stream.

Events are snake_case words in the past tense with key-value context, never sentences, and never content, keys or tokens.
"""

from __future__ import annotations

import logging
import os
import sys
from types import ModuleType
from typing import TextIO, cast

# structlog imports rich for tracebacks where it finds it: 0.1 s and 6 MB in each of three processes that never show one so.
_is_hidden = sys.modules.setdefault("rich", cast("ModuleType", None)) is None
try:
    import structlog
    from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger
finally:
    if _is_hidden:
        del sys.modules["rich"]

_MESSAGES = 1000
"""Different messages of one library that are remembered."""

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def get_logger(name: str) -> FilteringBoundLogger:
    """A logger for a module; cheap before and after `configure_logging`, which may come later."""
    logger: FilteringBoundLogger = structlog.get_logger(module=name)
    return logger


def configure_logging(*, process: str, form: str, level: str, stream: TextIO | None = None) -> None:
    """Set up all logging of this process; call it before LanceDB is imported.

    Args:
        process: `api`, `owner`, `work` or `child`; stands in every line.
        form: `json`, `console`, or `auto` (console on a terminal, else JSON).
        level: the least severe level that is written: debug, info, warning, error.
        stream: standard error where not given.
    """
    out = stream or sys.stderr
    shared = _shared(process)
    last = _last(form, out)
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), _name_module, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    handler.addFilter(Seldom("aiokafka"))
    # Libraries below a warning say nothing an operator can use, whatever our own level is.
    logging.basicConfig(level=max(_LEVELS[level], logging.WARNING), handlers=[handler], force=True)
    logging.captureWarnings(True)
    # Rust code writes to stderr by itself; its warnings (about tables that are being written) are no news.
    os.environ.setdefault("LANCEDB_LOG", "error")


class Seldom(logging.Filter):
    """Lets each message of a talkative library through once in a while; the next one tells how many were held back meanwhile."""

    def __init__(self, library: str, seconds: float = 30.0) -> None:
        super().__init__()
        self._library = library
        self._seconds = seconds
        self._heard: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """See `logging.Filter`."""
        if record.name.partition(".")[0] != self._library:
            return True
        key = (record.name, str(record.msg)[:100])
        last, held_back = self._heard.get(key, (-self._seconds, 0))
        if record.created - last < self._seconds:
            self._heard[key] = (last, held_back + 1)
            return False
        if len(self._heard) > _MESSAGES:
            self._heard.clear()
        self._heard[key] = (record.created, 0)
        if held_back:
            record.held_back = held_back
        return True


def _shared(process: str) -> list[Processor]:
    def add_process(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_process,
    ]


def _last(form: str, out: TextIO) -> list[Processor]:
    if form == "console" or (form == "auto" and out.isatty()):
        return [structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]


def _name_module(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    event["module"] = event["_record"].name
    return event
