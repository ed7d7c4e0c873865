"""Time-based one-time passwords (RFC 6238) by pyotp: SHA-1, six digits, thirty seconds, as every authenticator app reads them."""

from __future__ import annotations

import base64
import hmac

import pyotp

from idp.ports import Entropy

SECRET_BYTES = 20
STEP_SECONDS = 30


class PyotpTotp:
    """`ports.Totp`. The caller has reduced the code to six ASCII digits (`domain.onetime.clean_code`): pyotp folds others."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy

    def new_secret(self) -> str:
        return base64.b32encode(self._entropy.bytes(SECRET_BYTES)).decode("ascii")

    def matching_step(self, secret: str, code: str, now: int, *, back: int, ahead: int) -> int | None:
        totp, typed, current = pyotp.TOTP(secret), code.encode("utf-8"), now // STEP_SECONDS
        match = None
        # Every step is computed whatever the outcome: the time it takes does not tell which one it was. Of two equal codes the
        # later step counts, because it is the one that blocks the other from being replayed.
        for step in range(max(0, current - back), current + ahead + 1):
            if hmac.compare_digest(totp.generate_otp(step).encode("ascii"), typed):
                match = step
        return match

    def provisioning_uri(self, secret: str, issuer: str, label: str) -> str:
        return pyotp.TOTP(secret).provisioning_uri(name=label, issuer_name=issuer)
