"""Where log lines go: to standard error, so that standard output holds nothing but what was asked for."""

from __future__ import annotations

import logging
import sys

import structlog


def log_quietly() -> None:
    """For commands: warnings and worse, for people."""
    _configure(logging.WARNING, for_people=True)


def log_as_server() -> None:
    """For servers: one JSON object a line, or coloured lines when somebody watches."""
    _configure(logging.INFO, for_people=sys.stderr.isatty())


def _configure(level: int, *, for_people: bool) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            *([] if for_people else [structlog.processors.format_exc_info]),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
            if for_people
            else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
