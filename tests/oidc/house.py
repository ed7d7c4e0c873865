"""The back channel with a small world behind it, and the requests that relying parties send to it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from idp.adapters.key_files import KeyDirectory
from idp.adapters.sealing import SealingRing, new_key
from idp.domain.accounts import Kind
from idp.domain.assurance import Evidence, Method
from idp.domain.audit import Event
from idp.domain.clients import AuthMethod, Client, ClientPolicy
from idp.domain.grants import NewGrant
from idp.domain.ids import ID_BYTES, Prefix, identifier, secret_hash, secret_token
from idp.domain.people import Person, Role
from idp.domain.permissions import Permission
from idp.domain.rules import TokenRules
from idp.domain.sessions import Session
from idp.errors import OutboundFailed
from idp.oidc.answers import ProtocolAnswer
from idp.oidc.client_keys import ClientKeys
from idp.oidc.clients import ClientRegistry
from idp.oidc.issue import TokenIssuer
from idp.oidc.keys import KeyRing
from idp.oidc.token.assertions import Assertions
from idp.oidc.token.back_channel import BackChannel
from idp.oidc.token.endpoint import token
from idp.oidc.token.introspection import introspect
from idp.oidc.token.refresh_tokens import RefreshTokens
from idp.oidc.token.revocation import revoke
from idp.oidc.token.userinfo import userinfo
from idp.storage.statements import Statements
from idp.storage.unit_of_work import Store
from tests.support.ports import ManualClock, SeededEntropy
from tests.support.tokens import jwt_claims

ISSUER = "https://id.example"
REDIRECT = "https://inbound.example/callback"
SCOPE = "openid profile email address phone account offline_access"
VERIFIER = "a-verifier-of-forty-three-characters-or-more"
FORM = "application/x-www-form-urlencoded"
RULES = TokenRules()

CLIENTS = (
    Client("inbound", "Inbound", (REDIRECT,), scope=SCOPE, id_token_alg="ES256"),
    Client("classic", "Classic", (REDIRECT,), scope=SCOPE),
    Client("post", "Post", (REDIRECT,), scope="openid email", auth_method=AuthMethod.POST),
    Client("spa", "Spa", ("https://spa.example/cb",), scope=SCOPE, auth_method=AuthMethod.NONE),
    Client("once", "Once", (REDIRECT,), scope="openid", grant_types=("authorization_code",)),
    Client("signed", "Signed", (REDIRECT,), scope="openid", auth_method=AuthMethod.PRIVATE_KEY_JWT),
    Client("lax", "Lax", (REDIRECT,), scope="openid", policy=ClientPolicy(require_pkce=False)),
    Client("demo-api", "API", scope="reports:read reports:write openid", grant_types=("client_credentials",)),
    Client("open", "Open", auth_method=AuthMethod.NONE, grant_types=("client_credentials",)),
)


def sealer() -> SealingRing:
    entropy = SeededEntropy(7)
    return SealingRing([new_key("a", entropy)], entropy)


def secret_of(client_id: str) -> str:
    return f"{client_id} secret+with/100% oddities"


def basic(client_id: str, secret: str) -> dict[str, str]:
    joined = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return {"authorization": "Basic " + base64.b64encode(joined.encode()).decode()}


class Shelf:
    """`ports.Outbound`: the documents that clients publish, by address, and every address that was asked for."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}
        self.fetched: list[str] = []

    async def get(self, url: str) -> bytes:
        self.fetched.append(url)
        await asyncio.sleep(0)  # as any network does, it lets others go first
        if url not in self.documents:
            raise OutboundFailed("no answer in time")
        return self.documents[url]

    async def post_form(self, url: str, form: Mapping[str, str]) -> int:
        raise AssertionError(f"nobody posts to {url} here: {form.keys()}")


@dataclass
class House:
    """One process: its store, its back channel, the clock that all processes of a test share, and what clients publish."""

    store: Store
    back: BackChannel
    clock: ManualClock
    shelf: Shelf = field(default_factory=Shelf)
    entropy: SeededEntropy = field(default_factory=lambda: SeededEntropy(5))

    async def joined_by(self, store: Store, keys: Path) -> House:
        """A second process over the same database."""
        return House(store, await _back_channel(store, keys, self.clock, 6, self.shelf), self.clock, self.shelf)

    async def session(self, **changes: Any) -> str:
        now = self.clock.now()
        session_id = identifier(Prefix.SESSION, self.entropy.bytes(ID_BYTES))
        session = Session(
            session_id, self.entropy.bytes(32), "usr_dana", 0, b"browser", Evidence({Method.PASSWORD: now}),
            now, now, now + 43_200,
        )  # fmt: skip
        async with self.store.write() as uow:
            await uow.sessions.add(replace(session, **changes))
        return session_id

    async def code(self, client_id: str = "inbound", **changes: Any) -> str:
        """A sign-in that just ended: the code that its client gets. `session_id` reuses one."""
        code, now = secret_token(self.entropy.bytes(32)), self.clock.now()
        scope = changes.get("scope", "openid account")
        offline = "offline_access" in scope.split()
        client = next(known for known in CLIENTS if known.client_id == client_id)
        grant = NewGrant(
            id=identifier(Prefix.GRANT, self.entropy.bytes(ID_BYTES)),
            client_id=client_id,
            user_id="usr_dana",
            membership_id="mem_dana",
            account_id="acc_harbour",
            session_id=changes.pop("session_id", None) or await self.session(),
            user_epoch=0,
            account_epoch=0,
            scope=scope,
            evidence=Evidence({Method.PASSWORD: now - 5, Method.TOTP: now}),
            acr=f"{ISSUER}/acr/mfa",
            code_hash=secret_hash(code),
            code_challenge=create_s256_code_challenge(VERIFIER),
            redirect_uri=client.redirect_uris[0],
            code_expires_at=now + RULES.code_seconds,
            expires_at=now + (RULES.offline_absolute_seconds if offline else RULES.refresh_absolute_seconds),
            created_at=now,
            nonce="n-0S6_WzA2Mj",
            offline=offline,
        )
        async with self.store.write() as uow:
            await uow.grants.add(replace(grant, **changes))
        return code

    async def token(self, client_id: str | None = "inbound", **form: str | None) -> ProtocolAnswer:
        """A token request of a client by its registered method; None: without any credentials."""
        headers, fields = self._credentials(client_id)
        return await self.send(headers, fields | {name: value for name, value in form.items() if value is not None})

    async def send(self, headers: dict[str, str], form: dict[str, str]) -> ProtocolAnswer:
        return await token(self.back, {"content-type": FORM} | headers, urlencode(form).encode())

    async def redeem(self, code: str, client_id: str = "inbound", **changes: str | None) -> ProtocolAnswer:
        client = next(known for known in CLIENTS if known.client_id == client_id)
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect_uris[0],
            "code_verifier": VERIFIER,
        }
        return await self.token(client_id, **(form | changes))

    async def signed_in(self, client_id: str = "inbound", **changes: Any) -> dict[str, Any]:
        """The token response of a sign-in that went well."""
        return body_of(await self.redeem(await self.code(client_id, **changes), client_id))

    async def refresh(self, refresh_token: str, client_id: str = "inbound", **form: str) -> ProtocolAnswer:
        return await self.token(client_id, grant_type="refresh_token", refresh_token=refresh_token, **form)

    async def userinfo(self, access_token: str) -> ProtocolAnswer:
        return await userinfo(self.back, "GET", {"authorization": f"Bearer {access_token}"}, b"")

    async def introspect(self, text: str, by: str | None = "demo-api", **form: str) -> ProtocolAnswer:
        headers, fields = self._credentials(by)
        body = urlencode({"token": text} | fields | form).encode()
        return await introspect(self.back, {"content-type": FORM} | headers, body)

    async def revoke(self, text: str, by: str | None = "inbound", **form: str) -> ProtocolAnswer:
        headers, fields = self._credentials(by)
        body = urlencode({"token": text} | fields | form).encode()
        return await revoke(self.back, {"content-type": FORM} | headers, body)

    async def is_alive(self, response: dict[str, Any], client_id: str = "inbound") -> bool:
        """Whether the access token of a token response counts; the refresh token must agree."""
        seen = await self.userinfo(response["access_token"])
        access = await self.introspect(response["access_token"], client_id)
        refresh = await self.introspect(response["refresh_token"], client_id)
        alive: bool = seen.status == 200
        assert body_of(access)["active"] == alive
        assert body_of(refresh)["active"] == alive
        return alive

    async def events(self, event: Event) -> int:
        async with self.store.read() as uow:
            return len(await uow.audit.list(event=event))

    @staticmethod
    def _credentials(client_id: str | None) -> tuple[dict[str, str], dict[str, str]]:
        if client_id is None:
            return {}, {}
        client = next(known for known in CLIENTS if known.client_id == client_id)
        match client.auth_method:
            case AuthMethod.BASIC:
                return basic(client_id, secret_of(client_id)), {}
            case AuthMethod.POST:
                return {}, {"client_id": client_id, "client_secret": secret_of(client_id)}
        return {}, {"client_id": client_id}


def body_of(answer: ProtocolAnswer, status: int = 200) -> dict[str, Any]:
    assert answer.status == status, answer
    assert answer.body is not None
    assert not isinstance(answer.body, bytes)
    return dict(answer.body)


def error_of(answer: ProtocolAnswer, status: int = 400) -> str:
    """The error code of an OAuth refusal, after checking its form (RFC 6749 §5.2)."""
    body = body_of(answer, status)
    assert body.keys() == {"error", "error_description"}
    assert all(c in " !" or "#" <= c <= "[" or "]" <= c <= "~" for c in body["error_description"])
    assert dict(answer.headers)["Cache-Control"] == "no-store"
    return str(body["error"])


def grant_id_of(response: dict[str, Any]) -> str:
    jti: str = jwt_claims(response["access_token"])["jti"]
    return jti.split(".")[0]


async def build_house(store: Store, keys: Path, clock: ManualClock) -> House:
    """Operator > Northern Voice > Harbour Dental with dana in it, and the clients."""
    now = clock.now()
    async with store.write() as uow:
        await uow.accounts.add("acc_op", "OP-1", "500 Telecom", Kind.OPERATOR, None, now)
        await uow.accounts.add("acc_north", "RS-10023", "Northern Voice", Kind.RESELLER, "acc_op", now)
        await uow.accounts.add("acc_harbour", "EC-20017", "Harbour Dental", Kind.END_CLIENT, "acc_north", now)
        await uow.accounts.allocate("acc_harbour", Permission.USE_2FA, "usr_support", now)
        dana = Person(
            "usr_dana", "dana", "dana@harbour.example", "Dana", "Reed",
            phone_number="+447700900118", standard_claims={"locale": "en-GB", "address": {"country": "GB"}},
        )  # fmt: skip
        await uow.people.add(dana, now)
        await uow.people.add_membership("mem_dana", "usr_dana", "acc_harbour", Role.ADMINISTRATOR, True, now)
        for client in CLIENTS:
            hashes = () if client.is_public else ((secret_hash(secret_of(client.client_id)), None),)
            await uow.clients.put(replace(client, secret_hashes=hashes), "test", now)
    shelf = Shelf()
    return House(store, await _back_channel(store, keys, clock, 3, shelf), clock, shelf)


async def _back_channel(
    store: Store, keys: Path, clock: ManualClock, seed: int, shelf: Shelf | None = None
) -> BackChannel:
    ring = await KeyRing.open(KeyDirectory(keys), sealer(), clock, rsa_bits=2048)
    clients = ClientRegistry(store, clock)
    return BackChannel(
        clock=clock,
        rules=RULES,
        clients=clients,
        keys=ring,
        statements=await Statements.open(store, RULES),
        issuer=TokenIssuer(ISSUER, ring, RULES, clock, SeededEntropy(seed)),
        refresh_tokens=RefreshTokens(sealer()),
        assertions=Assertions(store, clients, ClientKeys(shelf or Shelf(), clock), clock, ISSUER),
    )
