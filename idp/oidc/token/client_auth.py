"""Client authentication (RFC 6749 §2.3, OIDC Core §9): exactly one method, the registered one, and one answer to failure.

An unknown client, a disabled one, a wrong secret and a wrong method are answered by the same bytes after the same work
(SECURITY-CASES TK06), and what is judged is what was verified, never what was merely sent (TK43).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from idp.domain.clients import AuthMethod, Client
from idp.domain.ids import secret_hash
from idp.oidc.answers import OAuthError, invalid_client, invalid_request
from idp.oidc.clients import ClientRegistry
from idp.oidc.token.assertions import ASSERTION_TYPE, AssertionRefused, Assertions
from idp.oidc.token.form import decoded
from idp.ports import Clock

MAX_CLIENT_ID = 255

NOBODY = Client("", "", secret_hashes=((bytes(32), None),))
"""Compared with when the client is unknown, so that this costs no less than a wrong secret."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request offers as proof. `proof` is the secret or the assertion, None for a public client."""

    method: AuthMethod
    client_id: str
    proof: str | None = None


def read_credentials(authorization: str | None, form: Mapping[str, str]) -> Credentials:
    """The one credential of a request. Raises `OAuthError`: invalid_request for two, invalid_client for none or a broken one."""
    in_header = authorization is not None
    in_body = [name for name in ("client_secret", "client_assertion") if name in form]
    if in_header + len(in_body) > 1:
        raise invalid_request("Authenticate the client by one method only.")
    if authorization is not None:
        return _basic(authorization, form.get("client_id"))
    if "client_assertion" in form or "client_assertion_type" in form:
        typed = form.get("client_assertion_type") == ASSERTION_TYPE
        assertion = form.get("client_assertion") if typed else None
        return Credentials(AuthMethod.PRIVATE_KEY_JWT, form.get("client_id", ""), assertion)
    client_id = form.get("client_id", "")
    if "client_secret" in form:
        return Credentials(AuthMethod.POST, client_id, form["client_secret"])
    return Credentials(AuthMethod.NONE, client_id)


def _basic(authorization: str, named: str | None) -> Credentials:
    """RFC 6749 §2.3.1: id and secret are form-encoded before they are joined and encoded as Base64."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise invalid_client(tried_basic=True)
    try:
        joined = base64.b64decode(encoded.strip().encode("ascii"), validate=True)
        encoded_id, colon, encoded_secret = joined.partition(b":")
        client_id, secret = decoded(encoded_id), decoded(encoded_secret)
    except (binascii.Error, ValueError, OAuthError) as error:
        raise invalid_client(tried_basic=True) from error
    if not colon:
        raise invalid_client(tried_basic=True)
    if named is not None and named != client_id:
        raise invalid_request("client_id differs from the one in the Authorization header.")
    return Credentials(AuthMethod.BASIC, client_id, secret)


async def authenticate(
    authorization: str | None, form: Mapping[str, str], clients: ClientRegistry, assertions: Assertions, clock: Clock
) -> Client:
    """The client that the request proves to be from. Raises `OAuthError`.

    A client in memory whose proof fails is read again, since its secret may be new; so each failure reads once.
    """
    credentials = read_credentials(authorization, form)
    client_id = credentials.client_id
    if credentials.method is AuthMethod.PRIVATE_KEY_JWT:
        return await _by_assertion(credentials, assertions)
    if not client_id or len(client_id) > MAX_CLIENT_ID or not (client_id.isascii() and client_id.isprintable()):
        raise invalid_client(tried_basic=credentials.method is AuthMethod.BASIC)
    kept = clients.kept(client_id)
    if kept is not None and _proves(credentials, kept, clock.now()):
        return kept
    client = await clients.load(client_id)
    if _proves(credentials, client or NOBODY, clock.now()) and client is not None:
        return client
    log.info("client authentication failed: %r by %s", client_id, credentials.method.value)
    raise invalid_client(tried_basic=credentials.method is AuthMethod.BASIC)


async def _by_assertion(credentials: Credentials, assertions: Assertions) -> Client:
    """The client is named by the assertion's own subject; a `client_id` beside it has to agree (RFC 7521 §4.2)."""
    try:
        client = await assertions.client_of(credentials.proof or "", credentials.client_id or None)
    except AssertionRefused as error:
        log.info("client authentication failed: %r by an assertion: %s", credentials.client_id, error)
        raise invalid_client(tried_basic=False) from error
    return client


def _proves(credentials: Credentials, client: Client, now: int) -> bool:
    """Only the registered method counts: a secret does not stand in for a signature (TK08)."""
    verify = VERIFIERS.get(credentials.method)
    proved = verify is not None and verify(credentials.proof, client, now)
    return proved and client.is_active and client.auth_method is credentials.method


def _secret(proof: str | None, client: Client, now: int) -> bool:
    """Against every secret that has not expired: while one is rotated out there are two. All are compared, in constant time."""
    sent = secret_hash(proof or "")
    matching = [
        hmac.compare_digest(sent, stored) and (expires_at is None or now < expires_at)
        for stored, expires_at in client.secret_hashes
    ]
    return any(matching)


def _public(_proof: str | None, _client: Client, _now: int) -> bool:
    """A public client proves nothing here; PKCE and rotation bind what it gets."""
    return True


VERIFIERS: Mapping[AuthMethod, Callable[[str | None, Client, int], bool]] = {
    AuthMethod.BASIC: _secret,
    AuthMethod.POST: _secret,
    AuthMethod.NONE: _public,
}
METHODS = (AuthMethod.BASIC, AuthMethod.POST, AuthMethod.PRIVATE_KEY_JWT, AuthMethod.NONE)
"""What can be verified, and so what metadata offers. A client registered for anything else is refused."""
