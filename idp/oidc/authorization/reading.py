"""Reading an authorization request: from the pairs of a query or form to a value, or to one of the two refusals.

The order is the point. First the address: as long as client and redirect URI are not settled, every error is a page. Then
`response_mode` and `state`, so that errors return as the client wants to hear of them. Only then everything else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from authlib.oauth2 import OAuth2Error

from idp.domain.assurance import level_of_acr
from idp.domain.clients import Client
from idp.oidc.authorization.address import Address, check_mode, settle_address, settled
from idp.oidc.authorization.claims_parameter import ClaimsMalformed, parse_claims
from idp.oidc.authorization.engine import validate
from idp.oidc.authorization.parameters import Parameters
from idp.oidc.authorization.request import AuthorizationRequest
from idp.oidc.hints import HintRefused, IdTokenHint

PROMPTS = frozenset({"none", "login", "consent", "select_account"})
CHECKED = (
    *("response_type", "scope", "state", "nonce", "prompt", "max_age", "acr_values", "claims", "id_token_hint"),
    *("code_challenge", "code_challenge_method"),
)
"""Parameters whose bad values are errors. `login_hint`, `ui_locales`, `display` and unknown ones never are (checklist 10)."""
MAX_AGE = re.compile(r"[0-9]{1,10}", re.ASCII)
LOCALE = re.compile(r"[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8}){0,5}")
MOST_LOCALES = 10
LOGIN_HINT_LENGTH = 256
ACCOUNT_HINT_LENGTH = 64

HintReader = Callable[[str], IdTokenHint]


def client_id_of(pairs: Sequence[tuple[str, str]]) -> str:
    """The client to load before `read_request`. Raises `Displayed` when it is missing or named twice (AZ09)."""
    return settled(Parameters.of(pairs), "client_id")


def read_request(
    pairs: Sequence[tuple[str, str]], client: Client | None, issuer: str, verify_hint: HintReader, now: int
) -> AuthorizationRequest:
    """Validates a request of the client that `client_id_of` named. Raises `Displayed` or `Redirected`, nothing else.

    `verify_hint` is `hints.read_id_token_hint` with keys and issuer bound; `now` is in seconds since the epoch.
    """
    given = Parameters.of(pairs)
    address = settle_address(given, client)
    _check_form(given, address)
    if not given.resources <= {issuer}:
        # A token for our own audience must not pass for one that was asked for another (RFC 8707 §2).
        address.refuse("invalid_target", "resource names another audience than the issuer, the only one there is.")
    try:
        scope = validate(address.client, given, issuer)
    except OAuth2Error as error:
        address.refuse(error.error, error.description)
    return _read_openid(given, address, scope, issuer, verify_hint, now)


def _check_form(given: Parameters, address: Address) -> None:
    """What is wrong with the request as a whole: repetitions (AZ10), the mode, sizes and characters."""
    if given.repeated:
        address.refuse("invalid_request", "A parameter is sent more than once.")
    check_mode(given, address)
    for name in CHECKED:
        if fault := given.fault(name):
            address.refuse("invalid_request", fault)


def _read_openid(
    given: Parameters, address: Address, scope: str, issuer: str, verify_hint: HintReader, now: int
) -> AuthorizationRequest:
    prompt = _prompt(given, address)
    claims = _claims(given, address, issuer)
    hint = _hint(given, address, verify_hint)
    return AuthorizationRequest(
        client_id=address.client.client_id,
        redirect_uri=address.redirect_uri,
        scope=_without_idle_offline_access(scope, prompt, address),
        issued_at=now,
        response_mode=address.response_mode,
        state=address.state,
        nonce=given.get("nonce"),
        code_challenge=given.get("code_challenge"),
        prompt=prompt,
        max_age=_max_age(given, address),
        acr_values=tuple((given.get("acr_values") or "").split()) or address.client.default_acr_values,
        claims=claims,
        login_hint=given.hint("login_hint", LOGIN_HINT_LENGTH),
        ui_locales=_locales(given),
        account_hint=given.hint("account_hint", ACCOUNT_HINT_LENGTH),
        subject=_subject(claims, hint, address),
        hint_session=hint.session if hint else None,
    )


def _prompt(given: Parameters, address: Address) -> tuple[str, ...]:
    prompt = tuple(dict.fromkeys((given.get("prompt") or "").split()))
    if not PROMPTS.issuperset(prompt):
        address.refuse("invalid_request", "prompt is none, or some of login, consent and select_account.")
    if "none" in prompt and len(prompt) > 1:
        address.refuse("invalid_request", "prompt=none stands alone.")
    return prompt


def _max_age(given: Parameters, address: Address) -> int | None:
    """Seconds, from the request or else from the registration (`default_max_age`, OIDC Registration §2)."""
    text = given.get("max_age")
    if text is None:
        registered = address.client.metadata.get("default_max_age")
        return registered if type(registered) is int and registered >= 0 else None
    if not MAX_AGE.fullmatch(text):
        address.refuse("invalid_request", "max_age is a number of seconds.")
    return int(text)


def _claims(given: Parameters, address: Address, issuer: str) -> dict[str, dict[str, dict[str, object]]]:
    try:
        claims = parse_claims(given.get("claims"))
    except ClaimsMalformed as error:
        address.refuse("invalid_request", str(error))
    acr = claims.get("id_token", {}).get("acr", {})
    wanted = acr.get("values", [acr["value"]] if "value" in acr else [])
    if acr.get("essential") and wanted and not any(level_of_acr(value, issuer) for value in wanted):
        # Nobody could meet it. Dropping the unknown values would be a silent downgrade (AZ23).
        address.refuse("unmet_authentication_requirements", "None of the essential acr values is supported.")
    return claims


def _hint(given: Parameters, address: Address, verify_hint: HintReader) -> IdTokenHint | None:
    token = given.get("id_token_hint")
    if token is None:
        return None
    try:
        hint = verify_hint(token)
    except HintRefused as error:
        address.refuse("invalid_request", str(error))
    if hint.client_id != address.client.client_id:  # else one client could ask about another's sessions
        address.refuse("invalid_request", "id_token_hint was issued to another client.")
    return hint


def _subject(claims: dict[str, dict[str, dict[str, object]]], hint: IdTokenHint | None, address: Address) -> str | None:
    asked = claims.get("id_token", {}).get("sub", {}).get("value")
    if asked is None:
        return hint.subject if hint else None
    if hint and hint.subject != asked:
        address.refuse("invalid_request", "id_token_hint and the value of sub in claims are two people.")
    return str(asked)


def _locales(given: Parameters) -> tuple[str, ...]:
    tags = (given.get("ui_locales") or "")[:512].split()
    return tuple(tag for tag in tags if LOCALE.fullmatch(tag))[:MOST_LOCALES]


def _without_idle_offline_access(scope: str, prompt: tuple[str, ...], address: Address) -> str:
    """Drops `offline_access` where it would have no effect or nobody's agreement (OIDC Core §11).

    It needs a client that may refresh, and consent: a third party's person is asked (`prompt=consent`), for the house's own
    portals the operator agreed by registering the scope, the "other conditions" of §11.
    """
    client = address.client
    if client.allows_grant("refresh_token") and (client.policy.first_party or "consent" in prompt):
        return scope
    kept = " ".join(name for name in scope.split() if name != "offline_access")
    return kept or address.refuse("invalid_scope", "offline_access stands beside another scope.")
