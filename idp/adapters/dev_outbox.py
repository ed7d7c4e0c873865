"""The demo's transport: mail and texts land in a file and are read at `/dev/outbox` instead of being sent.

It holds passwords and codes in clear, which is its purpose; bootstrap offers it to the demo profile only. One JSON object is one
line. Two processes (server and command line) may write at once: each message is a single `O_APPEND` write under a file lock.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from idp.domain.delivery import Channel, Mail, TextMessage
from idp.errors import DeliveryFailed
from idp.ports import Clock, Entropy

KEPT = 500
TRIM_BYTES = 4 * 1024 * 1024
"""The file is cut back to the last 500 messages when it has grown to this size, not at every message."""
PRIVATE = 0o600


class DevOutbox:
    """`ports.Mailer` and `ports.Texter` in one, keeping at least the last 500 messages."""

    def __init__(self, directory: Path, clock: Clock, entropy: Entropy, *, trim_bytes: int = TRIM_BYTES) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = directory / "outbox.jsonl"
        self._lock_file = directory / "outbox.lock"
        self._clock = clock
        self._entropy = entropy
        self._trim_bytes = trim_bytes

    async def send(self, message: Mail | TextMessage) -> None:
        line = json.dumps(self._item(message)).encode("ascii") + b"\n"
        try:
            await asyncio.to_thread(self._append, line)
        except OSError as error:
            raise DeliveryFailed(f"the demo outbox cannot be written: {error.strerror}") from error

    def messages(self) -> list[dict[str, str]]:
        """The last 500 messages, newest first: `id channel to subject text html at`, as CONTRACT.md fixes them."""
        try:
            lines = self._file.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return []
        # A last line without its end is being written at this moment.
        return [json.loads(line) for line in reversed(lines[-KEPT:]) if line.endswith(b"\n")]

    def _item(self, message: Mail | TextMessage) -> dict[str, str]:
        match message:
            case Mail(to=to, subject=subject, text=text, html=html):
                channel = Channel.EMAIL
            case TextMessage(to=to, text=text):
                channel, subject, html = Channel.SMS, "", ""
        return {
            "id": f"msg_{self._entropy.bytes(12).hex()}",
            "channel": channel.value,
            "to": to,
            "subject": subject,
            "text": text,
            "html": html,
            "at": datetime.fromtimestamp(self._clock.now(), UTC).isoformat().replace("+00:00", "Z"),
        }

    def _append(self, line: bytes) -> None:
        with self._locked():
            size = self._file.stat().st_size if self._file.exists() else 0
            try:
                _write(self._file, line, os.O_APPEND)
            except OSError:
                if self._file.exists():  # a full disk may have taken half a line, which would spoil the next one
                    os.truncate(self._file, size)
                raise
            if size + len(line) > self._trim_bytes:
                self._trim()

    def _trim(self) -> None:
        """Replaces the file in one step, so that a reader sees the old one or the new one."""
        shorter = self._file.with_suffix(".new")
        lines = self._file.read_bytes().splitlines(keepends=True)
        with suppress(OSError):  # the message is in; a disk too full to tidy up is no reason to send it again
            _write(shorter, b"".join(lines[-KEPT:]), os.O_TRUNC)
            shorter.replace(self._file)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)  # which also unlocks


def _write(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | mode, PRIVATE)
    try:
        if os.write(descriptor, content) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(descriptor)
