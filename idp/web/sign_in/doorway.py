"""What every sign-in route needs: the visit that a request makes, its addresses, and the frame around its pages."""

from __future__ import annotations

from dataclasses import dataclass, replace

from starlette.requests import Request

from idp.domain.clients import OWN_PAGES, Client
from idp.domain.logins import Login
from idp.domain.redirects import origin
from idp.domain.steps import Step
from idp.oidc.authorization import AuthorizationRequest
from idp.services.sign_in.visit import Position, Visit
from idp.web.branding import brand_of
from idp.web.pages.frame import Frame
from idp.web.request_context import context_of
from idp.web.sign_in.errands import errand_of


def visit_of(request: Request, login_token: str | None = None) -> Visit:
    """The visit that this request makes to the login of its path, or to the one named."""
    context = context_of(request)
    return Visit(
        login_token=login_token or request.path_params["login"],
        browser_token=context.browser,
        session_token=context.session_token,
        actor=context.actor(),
    )


@dataclass(frozen=True, slots=True)
class Addresses:
    """The paths of one login, with the issuer's prefix."""

    base: str

    @classmethod
    def of(cls, request: Request, login_token: str) -> Addresses:
        return cls(context_of(request).site.issuer.path(f"/sign-in/{login_token}"))

    def to(self, what: str) -> str:
        return f"{self.base}/{what}"


def client_frame(request: Request, client: Client) -> Frame:
    """The frame of a page that belongs to a portal, or to nobody but us, before anything of a login is added."""
    context = context_of(request)
    if client.client_id == OWN_PAGES:
        return context.frame()
    rules = context.site.ports.rules
    brand = brand_of(client.client_id)
    return Frame(
        portal=client.client_name,
        provider=context.site.provider,
        support_name=rules.support.name,
        support_email=rules.support.email,
        accent=client.policy.accent or brand.accent,
        mark=client.policy.logo or brand.mark,
        form_token=context.form_token,
        policy_url=client.policy_uri or "",
        terms_url=client.tos_uri or "",
    )


def step_frame(request: Request, visit: Visit, position: Position) -> Frame:
    """The frame of a step: who is signing in, where the form posts to, how to leave, and "Step 2 of 3"."""
    addresses = Addresses.of(request, visit.login_token)
    allow_return(request, position.login)
    frame = client_frame(request, position.situation.client)
    number, of = _progress(position)
    return replace(
        frame,
        action=addresses.to(position.step.value),
        cancel=addresses.to("cancel") if can_leave(position) else "",
        forgotten=context_of(request).site.issuer.path(f"/forgotten?login={visit.login_token}"),
        who=_who(position),
        switch=addresses.to("switch") if position.situation.person else "",
        step=number,
        steps=of,
    )


def allow_return(request: Request, login: Login) -> None:
    """Lets a form of this page end at the client: browsers check `form-action` along the whole redirect chain (HD02)."""
    errand = errand_of(login)
    if isinstance(errand, AuthorizationRequest):
        context_of(request).allow_form_action(origin(errand.redirect_uri))


def can_leave(position: Position) -> bool:
    """Whether there is somewhere to go without signing in: the client, or an overview that the session opens anyway."""
    return position.login.client_id is not None or position.session is not None


def _who(position: Position) -> str:
    person, chosen = position.situation.person, position.situation.chosen
    if person is None:
        return ""
    if chosen is None or position.login.client_id is None:
        return person.username
    return f"{person.username} - {chosen.account.name}"


def _progress(position: Position) -> tuple[int, int]:
    """Which step of how many this is, as far as that is known: password, factor or enrolment, new password."""
    there, login = position.situation, position.login
    changed = there.password_changed_at is not None and there.password_changed_at >= login.created_at
    match position.step:
        case Step.VERIFY:
            return 2, 3 if there.password_is_due else 2
        case Step.CHANGE_PASSWORD:
            before = 3 if there.demand and there.demand_is_met and login.evidence.has_second_factor else 2
            return before, before if there.demand_is_met else before + 1
        case Step.ENROL_TOTP:
            return (3, 3) if changed else (2, 2)
        case _:
            return 0, 0
