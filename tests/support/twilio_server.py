"""A server that answers like Twilio's Messages and Verify v2 APIs, for the real SDK to talk to.

`behaviour` may be changed at any time; `texts` holds what was taken on, and only that.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

from tests.support.http_server import Answer, Asked, HttpServer

ACCOUNT_SID = "AC" + "0" * 31 + "1"
AUTH_TOKEN = "a-token-for-tests"
VERIFY_SERVICE_SID = "VA" + "0" * 31 + "2"

MESSAGES = re.compile(r"/2010-04-01/Accounts/(AC\w{32})/Messages\.json")
VERIFICATIONS = re.compile(r"/v2/Services/(VA\w{32})/Verifications")


class Behaviour(StrEnum):
    """`SLOW` answers when the server stops, `HTML` with 200 and a page, `EMPTY` with JSON that names no message."""

    OK = "ok"
    SLOW = "slow"
    DROP = "drop"
    SERVER_ERROR = "500"
    TOO_MANY = "429"
    INVALID_NUMBER = "21211"
    NOT_MOBILE = "21614"
    OPTED_OUT = "21610"
    FRAUD_GUARD = "60410"
    INVALID_PARAMETER = "60200"
    UNDELIVERED = "undelivered"
    HTML = "html"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class SentText:
    """A text message that was taken on. Verify composes the text, so there is a `code` in place of a `body` then."""

    to: str
    sender: str
    body: str = ""
    code: str = ""


class TwilioServer:
    """Runs while its `with` block lasts. `url` goes into `TwilioAccount.base_url` or `[sms] base_url`."""

    def __init__(self) -> None:
        self.behaviour = Behaviour.OK
        self.texts: list[SentText] = []
        self._stopping = threading.Event()
        self._arrived = threading.Condition()
        self._server = HttpServer(self._answer)

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def requests(self) -> int:
        """How many requests came in, whatever became of them."""
        return len(self._server.asked)

    @property
    def forms(self) -> list[dict[str, str]]:
        """What each request asked for."""
        return [dict(parse_qsl(asked.body.decode(), keep_blank_values=True)) for asked in self._server.asked]

    def wait_for_requests(self, count: int, seconds: float = 10) -> bool:
        """Whether so many came in within the time, whatever became of them."""
        with self._arrived:
            return self._arrived.wait_for(lambda: self.requests >= count, seconds)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stopping.set()
        self._server.__exit__(kind, error, at)

    def _answer(self, asked: Asked) -> Answer | None:
        with self._arrived:
            self._arrived.notify_all()
        expected = base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {expected}":
            return _error(401, 20003, "Authenticate")
        match self.behaviour:
            case Behaviour.SLOW:
                self._stopping.wait(30)
                return None
            case Behaviour.DROP:
                return None
            case Behaviour.SERVER_ERROR:
                return _error(500, 20500, "Internal Server Error")
            case Behaviour.TOO_MANY:
                return _error(429, 20429, "Too Many Requests")
            case Behaviour.HTML:
                return Answer(200, b"<!doctype html><title>Welcome to the hotel's network</title>", "text/html")
            case Behaviour.EMPTY:
                return Answer(201, b"{}")
            case Behaviour.OK | Behaviour.UNDELIVERED:
                return self._take(asked)
            case refusal:
                return _error(400, int(refusal.value), "The 'To' number is not one that we deliver to.")

    def _take(self, asked: Asked) -> Answer:
        form = dict(parse_qsl(asked.body.decode(), keep_blank_values=True))
        number = len(self.texts) + 1
        if MESSAGES.fullmatch(asked.path):
            if self.behaviour is Behaviour.UNDELIVERED:
                return _json(201, {"sid": f"SM{number:032}", "status": "failed", "error_code": 30006})
            sender = form.get("From") or form["MessagingServiceSid"]
            self.texts.append(SentText(form["To"], sender, body=form["Body"]))
            return _json(201, {"sid": f"SM{number:032}", "status": "queued", "error_code": None, "to": form["To"]})
        if service := VERIFICATIONS.fullmatch(asked.path):
            self.texts.append(SentText(form["To"], service[1], code=form["CustomCode"]))
            return _json(
                201, {"sid": f"VE{number:032}", "status": "pending", "channel": form["Channel"], "to": form["To"]}
            )
        return _error(404, 20404, "The requested resource was not found")


def _json(status: int, content: object) -> Answer:
    return Answer(status, json.dumps(content).encode())


def _error(status: int, code: int, message: str) -> Answer:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return _json(status, {"code": code, "message": message, "more_info": more, "status": status})
