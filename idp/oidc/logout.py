"""The end-session endpoint without HTTP: OpenID Connect RP-Initiated Logout 1.0 and Front-Channel Logout 1.0.

In two parts, because the client is loaded in between: `read_end_session` says which client it is about, `sign_out` what to
do. A redirect needs an ID token of ours and a registered URI; whoever has no such token can ask for a page at most.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

from idp.domain.clients import Client
from idp.domain.redirects import matches
from idp.domain.sessions import Session
from idp.oidc.authorization.answers import with_query
from idp.oidc.authorization.parameters import Parameters
from idp.oidc.authorization.refusals import Displayed
from idp.oidc.hints import HintRefused, IdTokenHint

PARAMETERS = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state")
"""What is read. `logout_hint` and `ui_locales` may be sent and have no effect."""
PUBLIC = "The portal sent a sign-out request that we cannot answer. You are still signed in here."


@dataclass(frozen=True, slots=True)
class EndSessionRequest:
    """A well-formed request. `client_id` is the one to load: of the hint, or else as sent; None when neither was there."""

    client_id: str | None
    hint: IdTokenHint | None
    post_logout_redirect_uri: str | None
    state: str | None


@dataclass(frozen=True, slots=True)
class SignOut:
    """What the request asks for. `redirect` is the complete URL to go to afterwards, None for our signed-out page.

    `subject` and `session` are whom the hint was about (`sub`, `sid`).
    """

    client_id: str | None
    redirect: str | None
    needs_confirmation: bool
    subject: str | None = None
    session: str | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> SignOut:
        """Reads what `to_json` wrote."""
        return cls(**json.loads(text))

    def must_ask(self, current: Session | None) -> bool:
        """Whether the person confirms first: always without a hint, else any page on the web could sign people out (LO03);
        and when the hint is about somebody else, or another session, than this browser's (LO05)."""
        if current is None:
            return False
        return self.needs_confirmation or self.subject != current.user_id or self.session not in (None, current.id)


def read_end_session(pairs: Sequence[tuple[str, str]], verify_hint: Callable[[str], IdTokenHint]) -> EndSessionRequest:
    """Reads the query or form. Raises `Displayed`; a hint that is not ours is an error and never just ignored (LO01)."""
    given = Parameters.of(pairs)
    for name in PARAMETERS:
        fault = f"{name} is sent more than once." if name in given.repeated else given.fault(name)
        if fault:
            raise Displayed("invalid_request", PUBLIC, fault)
    hint = _hint(given.get("id_token_hint"), verify_hint)
    client_id = given.get("client_id")
    if hint and client_id not in (None, hint.client_id):
        raise Displayed("invalid_request", PUBLIC, "id_token_hint was issued to another client than client_id.")
    return EndSessionRequest(
        client_id=hint.client_id if hint else client_id,
        hint=hint,
        post_logout_redirect_uri=given.get("post_logout_redirect_uri"),
        state=given.get("state"),
    )


def _hint(token: str | None, verify_hint: Callable[[str], IdTokenHint]) -> IdTokenHint | None:
    if token is None:
        return None
    try:
        return verify_hint(token)
    except HintRefused as error:
        raise Displayed("invalid_request", PUBLIC, str(error)) from error


def sign_out(request: EndSessionRequest, client: Client | None) -> SignOut:
    """What to do, now that the client of `request.client_id` is loaded (None: there is none).

    Raises `Displayed` for an address that is not registered. A client that is gone or disabled since gets no redirect, but
    its people can still sign out.
    """
    known = client if client and client.client_id == request.client_id and client.is_active else None
    uri = request.post_logout_redirect_uri
    if uri and known and not _is_registered(uri, known):
        hint = f"post_logout_redirect_uri {uri[:300]!a} is not registered for this client, character by character."
        raise Displayed("redirect_uri_mismatch", PUBLIC, hint)
    return SignOut(
        client_id=known.client_id if known else None,
        redirect=_target(uri, request.state) if uri and known and request.hint else None,
        needs_confirmation=request.hint is None,
        subject=request.hint.subject if request.hint else None,
        session=request.hint.session if request.hint else None,
    )


def _is_registered(uri: str, client: Client) -> bool:
    """Exactly: a native app's free choice of port (RFC 8252 §7.3) is for codes, not for signing out."""
    registered = client.post_logout_redirect_uris
    return uri in registered and matches(uri, registered, client.application_type)


def _target(uri: str, state: str | None) -> str:
    """The registered URI with `state`, if one was sent, and nothing else (RP-Initiated Logout §3)."""
    return uri if state is None else with_query(uri, (("state", state),))


def logout_frames(clients: Iterable[Client], issuer: str, session_id: str) -> tuple[str, ...]:
    """The addresses that the signed-out page loads in frames, so that clients drop what they keep in this browser
    (Front-Channel Logout §2). Each is told issuer and session, whether it requires that or not."""
    told = (("iss", issuer), ("sid", session_id))
    addresses = [client.frontchannel_logout_uri for client in clients]
    return tuple(with_query(uri, told) for uri in addresses if uri is not None)
