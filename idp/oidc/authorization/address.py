"""The address of an answer: which client, at which redirect URI, in which mode, with which state. It is settled first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NoReturn

from idp.domain.clients import Client
from idp.domain.redirects import matches
from idp.oidc.authorization.parameters import Parameters
from idp.oidc.authorization.refusals import Displayed, Redirected

RESPONSE_MODES = ("query", "form_post")
PUBLIC = "The portal sent a sign-in request that we cannot answer."


@dataclass(frozen=True, slots=True)
class Address:
    """A redirect URI that is registered for an active client, and how the client wants to hear."""

    client: Client
    redirect_uri: str
    response_mode: str = "query"
    state: str | None = None

    def refuse(self, error: str, description: str) -> NoReturn:
        trusted = self.client.policy.first_party
        raise Redirected(self.redirect_uri, self.response_mode, self.state, error, description, trusted=trusted)


def settle_address(given: Parameters, client: Client | None) -> Address:
    """The address that the request names. Raises `Displayed` unless client and redirect URI are beyond doubt."""
    client_id = settled(given, "client_id")
    if client is None or client.client_id != client_id or not client.is_active:
        hint = f"client_id {client_id[:100]!a} is not registered, or is disabled."
        raise Displayed("unknown_client", "We do not know the portal that you came from.", hint)
    redirect_uri = settled(given, "redirect_uri")
    if not matches(redirect_uri, client.redirect_uris, client.application_type):
        raise Displayed(
            "redirect_uri_mismatch",
            "The portal asked to be answered at an address that we do not know. To protect you, we stop here.",
            f"redirect_uri {redirect_uri[:300]!a} is not registered for this client, character by character.",
        )
    return _with_mode_and_state(Address(client, redirect_uri), given)


def settled(given: Parameters, name: str) -> str:
    """A parameter on which every redirect hangs: there, once, and of sound characters. Raises `Displayed` (AZ04, AZ09)."""
    if name in given.repeated:
        raise Displayed("invalid_request", PUBLIC, f"{name} is sent more than once.")
    value = given.get(name)
    if value is None:
        raise Displayed("invalid_request", PUBLIC, f"{name} is missing.")
    if fault := given.fault(name):
        raise Displayed("invalid_request", PUBLIC, fault)
    return value


def _with_mode_and_state(address: Address, given: Parameters) -> Address:
    """What of `response_mode` and `state` an error can use; `check_mode` refuses the rest, by query and without state."""
    state = None if "state" in given.repeated or given.fault("state") else given.get("state")
    mode = given.get("response_mode")
    usable = mode == "form_post" and "response_mode" not in given.repeated and _takes_posts(address)
    return replace(address, state=state, response_mode="form_post" if usable else "query")


def check_mode(given: Parameters, address: Address) -> None:
    """Refuses a `response_mode` that was not taken over (AZ31). Raises `Redirected`."""
    mode = given.get("response_mode") or "query"
    if mode not in RESPONSE_MODES:
        address.refuse("invalid_request", "response_mode is query or form_post.")
    if mode != address.response_mode:
        address.refuse("invalid_request", "form_post needs an https redirect_uri.")


def _takes_posts(address: Address) -> bool:
    """A form can be posted to a web address only; in a scheme of its own it would be whatever that scheme makes of it."""
    return address.redirect_uri.startswith(("https://", "http://"))
