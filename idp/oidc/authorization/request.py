"""A validated authorization request: what a login stores, and all that the rest of the sign-in believes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

TUPLES = ("prompt", "acr_values", "ui_locales")


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """RFC 6749 §4.1.1 and OIDC Core §3.1.2.1, after validation.

    `scope` is what this client may have of what it asked for. `max_age` (seconds) and `acr_values` fall back to what the
    client registered (OIDC Registration §2). `claims` is the `claims` parameter in the shape of `claims_parameter`. `subject`
    is the only person who may be the answer: from `id_token_hint`, or asked as the value of `sub` (OIDC Core §5.5.1).
    `hint_session` is the `sid` of that hint. `issued_at` is when the request arrived (seconds since the epoch).
    `display` and `claims_locales` are accepted and have no effect.
    """

    client_id: str
    redirect_uri: str
    scope: str
    issued_at: int
    response_type: str = "code"
    response_mode: str = "query"
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None
    prompt: tuple[str, ...] = ()
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    claims: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    login_hint: str | None = None
    ui_locales: tuple[str, ...] = ()
    account_hint: str | None = None
    subject: str | None = None
    hint_session: str | None = None

    @property
    def scopes(self) -> tuple[str, ...]:
        return tuple(self.scope.split())

    @property
    def is_openid(self) -> bool:
        """Whether an ID token is due; without the scope `openid` this is plain OAuth (OIDC Core §3.1.2.1)."""
        return "openid" in self.scopes

    @property
    def is_silent(self) -> bool:
        """`prompt=none`: any page is forbidden, the answer is a code or an error."""
        return "none" in self.prompt

    def asked_claim(self, place: str, name: str) -> Mapping[str, Any] | None:
        """How `claims` asks for one claim in `id_token` or `userinfo`: `{}` for plainly, None for not at all."""
        return self.claims.get(place, {}).get(name)

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> AuthorizationRequest:
        """Reads what `to_json` wrote, here or in a newer replica: members that this version does not know are left out."""
        known = {f.name for f in fields(cls)}
        stored: dict[str, Any] = {name: value for name, value in json.loads(text).items() if name in known}
        return cls(**(stored | {name: tuple(stored.get(name, ())) for name in TUPLES}))
