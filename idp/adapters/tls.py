"""How our outgoing connections judge the other side's certificate."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path

from idp.errors import ConfigurationError


@cache
def client_context(ca_bundle: Path | None) -> ssl.SSLContext:
    """Trusts the authorities in `ca_bundle` (PEM), or this machine's when there is none. Raises `errors.ConfigurationError`."""
    try:
        return ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:  # ssl.SSLError is one too
        raise ConfigurationError(
            f"outbound.ca_bundle: {ca_bundle} holds no readable certificates. Correct the path."
        ) from error
