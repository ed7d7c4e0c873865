"""A client that proves itself by assertions (RFC 7523), and what it may have done to them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from idp.domain.clients import AuthMethod, Client, ClientPolicy
from idp.oidc.answers import ProtocolAnswer
from idp.oidc.token.assertions import ASSERTION_TYPE
from tests.oidc.house import ISSUER, House, body_of, error_of

OWN = {"grant_type": "client_credentials"}
TOKEN_ENDPOINT = f"{ISSUER}/token"
JWKS_URI = "https://signer.example/jwks"
EC = ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
OTHER = ECKey.generate_key("P-256", {"kid": "new", "use": "sig"})
JWKS: dict[str, Any] = {"keys": [EC.as_dict(private=False), RSA.as_dict(private=False)]}
SIGNER = Client(
    "signer",
    "Signer",
    grant_types=("client_credentials",),
    response_types=(),
    scope="reports:read",
    auth_method=AuthMethod.PRIVATE_KEY_JWT,
    jwks=JWKS,
)
FAPI2 = replace(SIGNER, client_id="strict", policy=ClientPolicy(profile="fapi2"))
PUBLISHING = replace(SIGNER, client_id="publishing", jwks=None, jwks_uri=JWKS_URI)


@dataclass
class Signer:
    """What a client of this house sends."""

    house: House
    client_id: str = "signer"
    _count: int = field(default=0)

    def claims(self, **changes: Any) -> dict[str, Any]:
        self._count += 1
        now = self.house.clock.now()
        sent = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": ISSUER,
            "jti": f"jti-{self._count}",
            "iat": now,
            "exp": now + 60,
        }
        return {name: value for name, value in (sent | changes).items() if value is not None}

    def assertion(self, alg: str = "ES256", key: Any = EC, header: dict[str, Any] | None = None, **changes: Any) -> str:
        sent = {"alg": alg, "kid": key.kid, **(header or {})}
        sent = {name: value for name, value in sent.items() if value is not None}
        return jws.serialize_compact(sent, json.dumps(self.claims(**changes)).encode(), key, algorithms=[alg])

    async def sends(self, assertion: str, **form: str) -> ProtocolAnswer:
        credentials = {"client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}
        return await self.house.send({}, OWN | credentials | form)

    async def is_refused(self, assertion: str, **form: str) -> None:
        answer = await self.sends(assertion, **form)
        assert error_of(answer, 401) == "invalid_client"
        assert "WWW-Authenticate" not in dict(answer.headers)

    async def is_accepted(self, assertion: str, **form: str) -> None:
        assert body_of(await self.sends(assertion, **form))["token_type"] == "Bearer"
