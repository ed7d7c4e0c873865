"""Minting identifiers and bearer secrets from the entropy port."""

from __future__ import annotations

from idp.domain.ids import ID_BYTES, SECRET_BYTES, Prefix, identifier, reference, secret_token
from idp.ports import Entropy


def new_identifier(entropy: Entropy, prefix: Prefix) -> str:
    return identifier(prefix, entropy.bytes(ID_BYTES))


def new_secret(entropy: Entropy) -> str:
    """A bearer secret of 256 bits; store `domain.ids.secret_hash` of it."""
    return secret_token(entropy.bytes(SECRET_BYTES))


def new_reference(entropy: Entropy) -> str:
    """What a refused person reads out to support, and what support looks up in the audit trail."""
    return reference(entropy.bytes(8))
