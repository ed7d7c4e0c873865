"""A real authorization code flow without a browser and without a network: it fills in our own pages, in this process.

For the demo only: it reads authenticator keys and text messages as only the demo keeps them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

import httpx2

from idp.bootstrap import Runtime
from idp.cli.sign_in_page import Form, SignInPage
from idp.domain.clients import AuthMethod, Client
from idp.domain.onetime import CODE_DIGITS
from idp.errors import IdpError
from idp.services.minting import new_secret
from idp.services.people import get_user
from idp.services.sign_in.second_factor import totp_place
from idp.web.app import create_app

TOTP_SECONDS = 30
MAX_PAGES = 12
SIX_DIGITS = re.compile(r"(?<![0-9])[0-9]{6}(?![0-9])")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose tokens for which client. `account` is the number of the account to sign in to."""

    client: Client
    username: str
    password: str
    client_secret: str
    scope: str
    account: str = ""


async def tokens_for(house: Runtime, wanted: Wanted) -> dict[str, Any]:
    """The token response. Raises `errors.IdpError` when the sign-in is refused, with what the page says."""
    transport = httpx2.ASGITransport(app=create_app(house), client=("127.0.0.1", 1))
    headers = {"Sec-Fetch-Site": "same-origin", "User-Agent": "idp token"}
    issuer = house.settings.server.issuer
    async with httpx2.AsyncClient(transport=transport, base_url=issuer, headers=headers) as http:
        return await _Flow(house, http, wanted).run()


class _Flow:
    def __init__(self, house: Runtime, http: httpx2.AsyncClient, wanted: Wanted) -> None:
        self._house = house
        self._http = http
        self._wanted = wanted
        self._issuer = house.settings.server.issuer
        self._redirect_uri = wanted.client.redirect_uris[0]
        self._verifier = new_secret(house.ports.entropy)
        self._totp_key = ""

    async def run(self) -> dict[str, Any]:
        answer = await self._authorize()
        if "code" not in answer:
            reason = answer.get("error_description") or answer.get("error", "no code")
            raise IdpError(f"The authorization was refused: {reason}.")
        return await self._redeem(answer["code"])

    async def _authorize(self) -> Mapping[str, str]:
        """Goes through the pages to the redirect; what that carries."""
        request = {
            "client_id": self._wanted.client.client_id,
            "response_type": "code",
            "redirect_uri": self._redirect_uri,
            "scope": self._wanted.scope,
            "state": new_secret(self._house.ports.entropy),
            "nonce": new_secret(self._house.ports.entropy),
            "code_challenge": _base64url(hashlib.sha256(self._verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        if self._wanted.account:
            request["account_hint"] = self._wanted.account
        response = await self._http.get(f"{self._issuer}/authorize?{urlencode(request)}")
        for _ in range(MAX_PAGES):
            if response.is_redirect:
                target = urljoin(str(response.url), response.headers["location"])
                if target.split("?")[0] == self._redirect_uri.split("?")[0]:
                    return dict(parse_qsl(urlsplit(target).query))
                response = await self._http.get(target)
            else:
                response = await self._fill_in(response)
        raise IdpError("The sign-in did not come to an end.")

    async def _fill_in(self, response: httpx2.Response) -> httpx2.Response:
        page = SignInPage(response.text)
        for container in ("error-page", "blocked", "error-summary"):
            if text := page.text(container):
                raise IdpError(f"The sign-in was refused: {text}")
        if page.form_with("new_password"):
            raise IdpError("A password has to be chosen first. Sign in with a browser once.")
        if form := page.form_with("password"):
            form.fields |= {"username": self._wanted.username, "password": self._wanted.password}
        elif form := page.form_with("account"):
            raise IdpError(f"{self._wanted.username} has several accounts. Name one with --account.")
        elif form := page.form_with("code"):
            self._totp_key = page.text("totp-secret").replace(" ", "") or self._totp_key
            form.fields["code"] = await self._text_code() if page.form_with("resend") else await self._app_code()
        else:
            form = page.form_with("consent-approve") or page.form_with("continue")
        if form is None:
            raise IdpError(f"The page at {response.url.path} is not one that this command knows.")
        return await self._post(response, form)

    async def _post(self, response: httpx2.Response, form: Form) -> httpx2.Response:
        return await self._http.post(urljoin(str(response.url), form.action), data=form.fields)

    async def _text_code(self) -> str:
        """The newest code among the demo's messages; it was sent while the page was made."""
        messages = self._house.dev_outbox.messages() if self._house.dev_outbox is not None else []
        person = (await get_user(self._house.store, self._wanted.username)).person
        texts = (m["text"] for m in messages if (m["channel"], m["to"]) == ("sms", person.phone_number))
        if found := SIX_DIGITS.search(next(texts, "")):
            return found[0]
        raise IdpError("No text message came. The server may have sent it elsewhere: look into its outbox.")

    async def _app_code(self) -> str:
        """What the authenticator app would show now (RFC 6238)."""
        key = self._totp_key or await self._stored_key()
        step = self._house.ports.clock.now() // TOTP_SECONDS
        digest = hmac.digest(base64.b32decode(key), step.to_bytes(8, "big"), "sha1")
        offset = digest[-1] & 15
        number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
        return f"{number % 10**CODE_DIGITS:0{CODE_DIGITS}d}"

    async def _stored_key(self) -> str:
        person = (await get_user(self._house.store, self._wanted.username)).person
        async with self._house.store.read() as uow:
            stored = await uow.credentials.totp(person.id)
        if stored is None:
            raise IdpError(f"{person.username} has no authenticator app. Sign in with a browser once.")
        return self._house.ports.sealer.open(stored.secret_sealed, totp_place(person.id)).decode()

    async def _redeem(self, code: str) -> dict[str, Any]:
        client = self._wanted.client
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": self._verifier,
        }
        headers = {}
        if client.auth_method is AuthMethod.BASIC:
            pair = f"{quote(client.client_id, safe='')}:{quote(self._wanted.client_secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = client.client_id
        if client.auth_method is AuthMethod.POST:
            form["client_secret"] = self._wanted.client_secret
        response = await self._http.post(f"{self._issuer}/token", data=form, headers=headers)
        answer: dict[str, Any] = response.json()
        if response.status_code != 200:
            raise IdpError(f"The code was not redeemed: {answer.get('error_description') or answer.get('error')}.")
        return answer


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
