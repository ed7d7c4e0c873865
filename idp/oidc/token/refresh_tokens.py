"""Refresh tokens: a keyed digest of a family and its generation. Nothing of one is stored, so nothing of one can be stolen.

`version (1) | family (15) | generation (4) | HMAC-SHA-256 (32)` in base64url. The successor of a token is known before it is
issued: a client that lost the answer gets the identical one again within the grace (SECURITY-CASES TK32).
"""

from __future__ import annotations

import base64
import binascii
import hmac

from idp.domain.ids import ID_BYTES, Prefix, identifier
from idp.ports import Mac

VERSION = 1
GENERATION_BYTES = 4
MAC_BYTES = 32
LENGTH = 70
PURPOSE = "refresh"


class RefreshTokens:
    """Makes and reads them. Whether the generation is the one in force, only the grant knows."""

    def __init__(self, mac: Mac) -> None:
        self._mac = mac

    def make(self, grant_id: str, generation: int) -> str:
        family = base64.b32decode(grant_id.removeprefix(f"{Prefix.GRANT}_").upper())
        head = bytes((VERSION,)) + family + generation.to_bytes(GENERATION_BYTES, "big")
        token = head + self._mac.digest(PURPOSE, grant_id, str(generation))
        return base64.urlsafe_b64encode(token).rstrip(b"=").decode("ascii")

    def read(self, token: str) -> tuple[str, int] | None:
        """The grant's id and the generation, if this house made the token; None for anything else, without a database."""
        if len(token) != LENGTH or not token.isascii():
            return None
        try:
            raw = base64.b64decode(token + "==", altchars=b"-_", validate=True)
        except binascii.Error:
            return None
        # One spelling only: the last letter has bits to spare, which would make sixteen texts of one token.
        if base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") != token or raw[0] != VERSION:
            return None
        grant_id = identifier(Prefix.GRANT, raw[1 : 1 + ID_BYTES])
        generation = int.from_bytes(raw[1 + ID_BYTES : -MAC_BYTES], "big")
        digests = self._mac.digests(PURPOSE, grant_id, str(generation))
        known = [hmac.compare_digest(raw[-MAC_BYTES:], digest) for digest in digests]
        return (grant_id, generation) if any(known) else None
