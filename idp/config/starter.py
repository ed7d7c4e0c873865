"""The first `config.toml`: what has to be decided, and nothing that has a good default."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from idp.config.base import is_loopback_url
from idp.errors import ConfigurationError

PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class Starter:
    """`sealing_key` is a fresh one (`bootstrap.fresh_sealing_key`); it is the only secret of a new house."""

    issuer: str
    sealing_key: str
    host: str = "127.0.0.1"
    port: int = 9000
    database_url: str = "sqlite:///data/idp.db"
    demo: bool = False
    heading: str = "# Written by idp init. config.example.toml explains every key; idp doctor checks this file."

    def toml(self) -> str:
        """The text of the file."""
        parts = [self._top(), self._server(), self._secrets()]
        if is_loopback_url(self.issuer):
            parts += [self._messages_at_home()]
        else:
            parts += [self._messages()]
        return "\n".join(parts)

    def _top(self) -> str:
        return f"{self.heading}\n\nprofile = {_text('demo' if self.demo else 'production')}\n"

    def _server(self) -> str:
        return (
            f"[server]\nissuer = {_text(self.issuer)}\nhost = {_text(self.host)}\nport = {self.port}\n\n"
            f"[database]\nurl = {_text(self.database_url)}\n"
        )

    def _secrets(self) -> str:
        return (
            "[secrets]\n# Keep a copy apart from the backups of the database: without it authenticator apps and signing keys\n"
            f"# cannot be read.\nsealing_keys = [{_text(self.sealing_key)}]\n"
        )

    def _messages_at_home(self) -> str:
        drama = "drama_numbers = true\n" if self.demo else ""
        return (
            "# Mails and texts go to a file. An issuer that others can reach needs a mail server and an SMS provider.\n"
            f'[mail]\ntransport = "outbox"\n\n[sms]\nprovider = "outbox"\n{drama}'
        )

    def _messages(self) -> str:
        return (
            '[mail]\ntransport = "smtp"\nfrom = "Sign-in <no-reply@example.com>"\nhost = ""\nport = 587\n'
            'username = ""\npassword = ""\n\n'
            '[sms]\nprovider = "twilio"\naccount_sid = ""\nauth_token = ""\nsender = ""\ncountries = ["GB"]\n\n'
            '[support]\nname = "Support"\nemail = "support@example.com"\n'
        )


def write_private(file: Path, text: str, *, replace: bool = False) -> None:
    """Writes a file that only its owner can read. Raises `errors.ConfigurationError`, also when it exists and may not be
    replaced."""
    how = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if replace else os.O_EXCL)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, how, PRIVATE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            os.fchmod(descriptor, PRIVATE)
            stream.write(text)
    except FileExistsError as error:
        raise ConfigurationError(f"There is a file {file} already. Choose another name with --config.") from error
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}. Choose another place.") from error


def _text(value: str) -> str:
    """A TOML basic string, which JSON's is a case of."""
    return json.dumps(value, ensure_ascii=False)
