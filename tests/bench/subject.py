"""What is measured: a provider in processes of its own, with sign-ins in its database that nobody has finished yet."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import quote, urlencode

from tests.bench.machine import resident_mebibytes

START_SECONDS = 60
STOP_SECONDS = 30
DISCOVERY = "/.well-known/openid-configuration"

PORTAL, PORTAL_SECRET = "portal", "portal-secret-of-the-benchmarks"
API, API_RS256, API_SECRET = "api", "api-rs256", "api-secret-of-the-benchmarks"
REDIRECT = "https://portal.example/callback"
SCOPE = "openid profile email offline_access"
VERIFIER = "a-verifier-of-forty-three-characters-or-more"

FRESH = 2000
"""Sign-ins that are finished over HTTP, to have live tokens; those beyond are for measuring code exchange."""


class SubjectFailed(RuntimeError):
    """A provider did not start or did not answer as it should."""


@dataclass(slots=True)
class Subject:
    """A provider as the load meets it. `codes` are authorization codes: the first `FRESH` to be used once, the rest are made
    as new by `renew` before each stretch. `rs256` is where tokens are signed with RSA, when that is another server."""

    name: str
    workers: int
    url: str
    process: subprocess.Popen[bytes]
    started_in: float
    paths: Mapping[str, str]
    codes: Sequence[str] = field(repr=False)
    rs256: Subject | None = None
    _used: int = 0

    @property
    def memory(self) -> float:
        """MiB."""
        return resident_mebibytes(self.process.pid)

    def sign_in(self, count: int) -> list[dict[str, str]]:
        """Token responses of people who have just arrived with their codes."""
        codes = self.codes[self._used : min(self._used + count, FRESH)]
        if len(codes) < count:
            raise SubjectFailed("All prepared sign-ins are used. Raise FRESH.")
        self._used += count
        return [self._redeemed(code) for code in codes]

    def _redeemed(self, code: str) -> dict[str, str]:
        request = urllib.request.Request(
            self.url + self.paths["token"],
            data=(code_prefix() + code).encode(),
            headers={
                "Authorization": basic(PORTAL, PORTAL_SECRET),
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                tokens: dict[str, str] = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise SubjectFailed(f"{self.name} refused a code: {error.read()[:300]!r}") from error
        return tokens


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{quote(client_id)}:{quote(secret)}".encode()).decode()


def code_prefix() -> str:
    """The body of a code exchange up to the code."""
    form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    return urlencode(form) + "&code="


@contextmanager
def running(
    command: Sequence[str | Path], url: str, log: IO[bytes], environment: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """A server process while the block lasts, and the seconds from its start to its first answer."""
    begun = time.monotonic()
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **(environment or {})}
    )
    try:
        while not _answers(url):
            if process.poll() is not None or time.monotonic() - begun > START_SECONDS:
                raise SubjectFailed(f"{url} did not start: {Path(log.name).read_text(errors='replace')[-2000:]}")
            time.sleep(0.005)
        yield process, time.monotonic() - begun
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url + DISCOVERY, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
