"""A strict relying party, written from the specifications and from nothing of ours: what it accepts, any portal accepts.

It takes every sentence of CONTRACT "Tokens" at its word and every "MUST" of OpenID Connect Core and RFC 9207 as one;
`verifier.py` reads the tokens, with joserfc and one explicit algorithm for each signature.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

import httpx2
from joserfc import jws
from joserfc.jwk import ECKey

from tests.support.network import ToPort
from tests.support.verifier import Verifier

SCOPE = "openid profile email phone account"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class AuthorizationRefused(Exception):
    """The provider sent the person back with an error (RFC 6749 §4.1.2.1)."""

    def __init__(self, error: str, description: str) -> None:
        self.error = error
        self.description = description
        super().__init__(f"{error}: {description}")


class TokenRefused(Exception):
    """An endpoint answered with an OAuth error."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.status = answer.status_code
        self.headers = dict(answer.headers)
        self.body = answer.json() if answer.content else {}
        self.error = self.body.get("error", "")
        super().__init__(f"{self.status} {self.error}: {self.body.get('error_description', '')}")


@dataclass(frozen=True)
class SignedIn:
    """What a sign-in, or a refresh, brought. `claims` are the ID token's, verified."""

    claims: dict[str, Any]
    id_token: str
    access_token: str
    refresh_token: str | None
    scope: str
    expires_in: int

    @property
    def sub(self) -> str:
        return str(self.claims["sub"])

    @property
    def amr(self) -> list[str]:
        return list(self.claims["amr"])


@dataclass(frozen=True)
class Attempt:
    """One authorization request, and what the answer must fit."""

    party: RelyingParty
    url: str
    state: str
    nonce: str
    verifier: str
    max_age: int | None

    def code(self, arrival: str) -> str:
        """The code of the address at which the person came back. Raises `AuthorizationRefused`."""
        given = read_answer(arrival, self.party.redirect_uri)
        assert given.pop("state", None) == self.state, "another state"
        assert given.pop("iss", None) == self.party.issuer, "no iss, or a foreign one (RFC 9207)"
        if "error" in given:
            assert set(given) <= {"error", "error_description", "error_uri"}, given
            raise AuthorizationRefused(given["error"], given.get("error_description", ""))
        assert set(given) == {"code"}, given
        return given["code"]

    async def finish(self, arrival: str) -> SignedIn:
        """Redeems the code and verifies everything. Raises `AuthorizationRefused` and `TokenRefused`."""
        return await self.redeem(self.code(arrival))

    async def redeem(self, code: str) -> SignedIn:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.party.redirect_uri}
        answer = await self.party.token(form | {"code_verifier": self.verifier})
        signed_in = await self.party.read_tokens(answer)
        claims = signed_in.claims
        assert claims["nonce"] == self.nonce, "another nonce"
        if self.max_age is not None:
            assert claims["auth_time"] >= self.party.now() - self.max_age - 1, (
                "signed in longer ago than max_age allows"
            )
        return signed_in


class RelyingParty:
    """One client of one issuer. `now` is what it takes for the time (seconds since the epoch).

    `auth` is how it authenticates: `basic`, `post`, `assertion` (by `key`) or `none`; `alg` the only ID token algorithm that it
    accepts.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        secret: str | None,
        redirect_uri: str,
        now: Callable[[], int],
        *,
        alg: str = "RS256",
        auth: str = "basic",
        key: ECKey | None = None,
        scope: str = SCOPE,
        post_logout_redirect_uri: str = "",
        port: int | None = None,
    ) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self.secret = secret
        self.redirect_uri = redirect_uri
        self.now = now
        self.alg = alg
        self.auth = auth
        self.key = key
        self.scope = scope
        self.post_logout_redirect_uri = post_logout_redirect_uri
        self.http = httpx2.AsyncClient(transport=ToPort(port), timeout=30)
        self.verifier = Verifier(issuer, client_id, alg, now, self._fetch_keys)
        self._metadata: dict[str, Any] = {}

    async def discover(self) -> dict[str, Any]:
        """The provider's metadata (Discovery §3, §4.3), read once and held against what this party needs."""
        if not self._metadata:
            answer = await self.http.get(f"{self.issuer}/.well-known/openid-configuration")
            metadata = _json(answer)
            assert metadata["issuer"] == self.issuer
            assert "code" in metadata["response_types_supported"]
            assert "S256" in metadata["code_challenge_methods_supported"]
            assert "plain" not in metadata["code_challenge_methods_supported"]
            assert "public" in metadata["subject_types_supported"]
            assert metadata["authorization_response_iss_parameter_supported"] is True
            assert self.alg in metadata["id_token_signing_alg_values_supported"]
            assert "none" not in metadata["id_token_signing_alg_values_supported"]
            for name, value in metadata.items():
                if name.endswith("_endpoint") or name == "jwks_uri":
                    assert value.startswith(self.issuer + "/"), f"{name} is elsewhere: {value}"
            self._metadata = metadata
        return self._metadata

    async def begin(self, **parameters: str | int | None) -> Attempt:
        """An authorization request with PKCE, state and nonce; `parameters` are added, or with None taken away."""
        verifier, state, nonce = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        request: dict[str, str | int | None] = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **parameters,
        }
        query = urlencode({name: value for name, value in request.items() if value is not None})
        max_age = parameters.get("max_age")
        url = f"{(await self.discover())['authorization_endpoint']}?{query}"
        return Attempt(self, url, state, nonce, verifier, None if max_age is None else int(max_age))

    async def refresh(self, signed_in: SignedIn, **parameters: str) -> SignedIn:
        """New tokens of the same sign-in (OIDC Core §12.2). Raises `TokenRefused`."""
        assert signed_in.refresh_token is not None
        form = {"grant_type": "refresh_token", "refresh_token": signed_in.refresh_token}
        renewed = await self.read_tokens(await self.token(form | parameters))
        for name in ("iss", "sub", "aud", "azp", "auth_time", "acr", "amr"):
            assert renewed.claims[name] == signed_in.claims[name], f"{name} changed by a refresh"
        assert renewed.claims["iat"] >= signed_in.claims["iat"]
        assert renewed.claims.get("nonce", signed_in.claims.get("nonce")) == signed_in.claims.get("nonce")
        return renewed

    async def userinfo(self, signed_in: SignedIn) -> dict[str, Any]:
        """The claims at `/userinfo` (OIDC Core §5.3). Raises `TokenRefused`."""
        endpoint = (await self.discover())["userinfo_endpoint"]
        answer = await self.http.get(endpoint, headers={"authorization": f"Bearer {signed_in.access_token}"})
        if answer.status_code != 200:
            raise TokenRefused(answer)
        claims = _json(answer)
        assert claims["sub"] == signed_in.sub, "claims of somebody else (OIDC Core §5.3.4)"
        return claims

    async def introspect(self, token: str) -> dict[str, Any]:
        """RFC 7662. Raises `TokenRefused`."""
        return _json(await self._post("introspection_endpoint", {"token": token}))

    async def revoke(self, token: str) -> None:
        """RFC 7009. Raises `TokenRefused`."""
        await self._post("revocation_endpoint", {"token": token})

    async def logout_url(self, signed_in: SignedIn | None = None, state: str = "") -> str:
        """Where to send a person who signs out (RP-Initiated Logout 1.0 §2)."""
        query = {"client_id": self.client_id, "post_logout_redirect_uri": self.post_logout_redirect_uri, "state": state}
        if signed_in is not None:
            query["id_token_hint"] = signed_in.id_token
        query = {name: value for name, value in query.items() if value}
        return f"{(await self.discover())['end_session_endpoint']}?{urlencode(query)}"

    async def token(self, form: dict[str, str]) -> dict[str, Any]:
        """The answer of the token endpoint. Raises `TokenRefused`."""
        answer = await self._post("token_endpoint", form)
        assert answer.headers["cache-control"] == "no-store"
        return _json(answer)

    async def read_tokens(self, answer: dict[str, Any]) -> SignedIn:
        """Verifies a token response (OIDC Core §3.1.3.3 to §3.1.3.7, RFC 9068 §4)."""
        assert answer["token_type"] == "Bearer"
        assert type(answer["expires_in"]) is int
        assert 0 < answer["expires_in"] <= 900
        access_token, id_token = answer["access_token"], answer["id_token"]
        claims = await self.verifier.id_token(id_token, access_token)
        access = await self.verifier.access_token(access_token)
        assert access["sub"] == claims["sub"]
        assert access["exp"] - access["iat"] == answer["expires_in"]
        scope = answer.get("scope", access["scope"])
        assert scope == access["scope"]
        return SignedIn(claims, id_token, access_token, answer.get("refresh_token"), scope, answer["expires_in"])

    def assertion(self) -> str:
        """A JWT about this party, signed by it (RFC 7523 §3)."""
        assert self.key is not None
        now = self.now()
        claims: dict[str, Any] = {"iss": self.client_id, "sub": self.client_id, "aud": self.issuer}
        claims |= {"iat": now, "exp": now + 60, "jti": secrets.token_urlsafe(16)}
        header = {"alg": "ES256", "kid": self.key.kid}
        return jws.serialize_compact(header, json.dumps(claims).encode(), self.key, algorithms=["ES256"])

    async def _fetch_keys(self) -> dict[str, Any]:
        return _json(await self.http.get((await self.discover())["jwks_uri"]))

    async def _post(self, endpoint: str, form: dict[str, str]) -> httpx2.Response:
        url = (await self.discover())[endpoint]
        headers = {}
        if self.auth == "basic":
            # Both halves are form-encoded first (RFC 6749 §2.3.1).
            pair = f"{quote_plus(self.client_id)}:{quote_plus(self.secret or '')}"
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        elif self.auth == "assertion":
            form = form | {"client_assertion": self.assertion(), "client_assertion_type": ASSERTION_TYPE}
        elif self.auth == "post":
            form = form | {"client_id": self.client_id, "client_secret": self.secret or ""}
        else:
            form = form | {"client_id": self.client_id}
        answer = await self.http.post(url, data=form, headers=headers)
        if answer.status_code != 200:
            raise TokenRefused(answer)
        return answer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self.http.aclose()


def read_answer(arrival: str, redirect_uri: str) -> dict[str, str]:
    """The parameters of an authorization response in the query of exactly this redirect URI, each there once."""
    parts = urlsplit(arrival)
    assert parts._replace(query="", fragment="").geturl() == redirect_uri, f"sent to {arrival}"
    assert not parts.fragment, "something is in the fragment"
    pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs), "a parameter stands twice"
    return dict(pairs)


def _json(answer: httpx2.Response) -> dict[str, Any]:
    if answer.status_code != 200:
        raise TokenRefused(answer)
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    content = answer.json()
    assert isinstance(content, dict)
    return content
