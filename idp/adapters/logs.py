"""Logging: one stream of events, as JSON for machines or lines for people, with no secret in it (SECURITY-CASES IO11, T7).

Two walls. Libraries may say nothing below WARNING, whatever level we run at: Authlib logs whole tokens at DEBUG, Twilio's
client its requests at INFO. And what does get through is searched for secrets by name and by shape.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Literal, TextIO

import structlog
from structlog.types import EventDict, Processor

REMOVED = "[removed]"
OURS = "idp"

_SECRET_NAMES = frozenset(
    {
        "assertion", "authorization", "client_assertion", "code", "code_verifier", "cookie", "form_token", "key", "nonce",
        "otp", "passwd", "passcode", "password", "pin", "recovery_code", "secret", "set-cookie", "state", "token",
    }
)  # fmt: skip
_SECRET_ENDINGS = ("_token", "_secret", "_password", "_cookie", "_verifier", "-token")
_NAMED = r"[a-z_]*(?:password|secret|token|assertion|verifier|cookie)|code|otp|request|state|nonce|id_token_hint"
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"eyJ[\w-]{5,}\.[\w-]+(\.[\w-]*){0,3}"), REMOVED),  # a JWT, or a JWE
    (re.compile(r"otpauth://\S+"), REMOVED),
    (re.compile(r"\$argon2[a-z]*\$[^\s'\"]+"), REMOVED),
    (re.compile(r"\b(Bearer|Basic|DPoP)\s+[\w.~+/=-]{16,}", re.IGNORECASE), rf"\1 {REMOVED}"),
    (re.compile(rf"\b({_NAMED})=[^&\s'\",;)]+", re.IGNORECASE), rf"\1={REMOVED}"),
    (re.compile(rf"(['\"])({_NAMED})\1\s*:\s*(['\"]).*?\3", re.IGNORECASE), rf"\1\2\1: \3{REMOVED}\3"),
    (re.compile(r"\b(Password:\s*)\S+"), rf"\1{REMOVED}"),
    # A bearer secret of ours and whatever looks like one: long base64url with small and capital letters and digits.
    (
        re.compile(
            r"(?<![\w-])(?=[\w-]*[0-9])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[A-Za-z0-9_-]{40,}(?![\w-])",
            re.ASCII,
        ),
        REMOVED,
    ),
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def configure_logs(
    level: str = "INFO", style: Literal["json", "console"] = "json", stream: TextIO | None = None
) -> None:
    """Sets logging up for the process: our own events from `level` on, libraries from WARNING on, to `stream` (stderr).

    Calling it again replaces the set-up.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(_capped)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(style, handler.stream)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(level)
    logging.captureWarnings(True)


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """A processor of structlog: takes out what is a secret by its name or by its shape, at any depth."""
    return {name: _clean(name, value) for name, value in event.items()}


def _clean(name: str, value: Any) -> Any:
    lowered = name.lower()
    if lowered in _SECRET_NAMES or lowered.endswith(_SECRET_ENDINGS):
        return REMOVED if value else value
    if isinstance(value, str):
        for shape, replacement in _SHAPES:
            value = shape.sub(replacement, value)
        return value
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, Mapping):
        return {str(key): _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_clean("", inner) for inner in value]
    return value


def _renderers(style: str, stream: Any) -> list[Processor]:
    if style == "json":
        return [structlog.processors.JSONRenderer(ensure_ascii=True)]
    colours = bool(getattr(stream, "isatty", lambda: False)())
    plain = structlog.dev.plain_traceback
    return [_one_line, structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain)]


def _one_line(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Keeps what strangers typed from writing lines, or colours, of their own (IO10). Tracebacks may have lines."""
    return {
        name: _visible(value) if isinstance(value, str) and name != "exception" else value
        for name, value in event.items()
    }


def _visible(text: str) -> str:
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text).replace("\n", "\\n")


def _capped(record: logging.LogRecord) -> bool:
    """The cap holds at the handler too: a library that sets its own logger's level does not get past it."""
    return record.levelno >= logging.WARNING or record.name == OURS or record.name.startswith(f"{OURS}.")
