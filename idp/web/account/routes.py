"""The addresses of the account pages."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from idp.web.account.entrance import Entrance, Handler
from idp.web.account.home import HomeDesk
from idp.web.account.mfa import CANCEL, CONFIRM, RESET, SET_UP, MfaDesk
from idp.web.account.password import PasswordDesk
from idp.web.account.phone import CODE, RESEND, PhoneDesk
from idp.web.account.sessions import OTHERS, SessionsDesk
from idp.web.responses import see_other
from idp.web.runtime import Runtime
from idp.web.sign_in.errands import OwnPage


def routes(runtime: Runtime) -> list[BaseRoute]:
    """Every address is a row: method, path, the page that a sign-in leads back to, and the handler."""
    entrance = Entrance(runtime)
    home, password = HomeDesk(runtime, entrance), PasswordDesk(runtime, entrance)
    mfa, phone, sessions = MfaDesk(runtime, entrance), PhoneDesk(runtime, entrance), SessionsDesk(runtime, entrance)
    rows: list[tuple[str, str, OwnPage, Handler]] = [
        ("GET", OwnPage.HOME, OwnPage.HOME, home.show),
        ("GET", OwnPage.PASSWORD, OwnPage.PASSWORD, password.show),
        ("POST", OwnPage.PASSWORD, OwnPage.PASSWORD, password.change),
        ("GET", OwnPage.MFA, OwnPage.MFA, mfa.show),
        ("POST", OwnPage.MFA, OwnPage.MFA, mfa.save),
        ("POST", SET_UP, OwnPage.MFA, mfa.set_up),
        ("GET", RESET, OwnPage.MFA_RESET, mfa.confirm_reset),
        ("POST", RESET, OwnPage.MFA_RESET, mfa.to_reset),
        ("POST", CONFIRM, OwnPage.MFA_RESET, mfa.reset),
        ("POST", CANCEL, OwnPage.MFA, mfa.cancel),
        ("GET", OwnPage.PHONE, OwnPage.PHONE, phone.show),
        ("POST", OwnPage.PHONE, OwnPage.PHONE, phone.begin),
        ("GET", CODE, OwnPage.PHONE, phone.ask_code),
        ("POST", CODE, OwnPage.PHONE, phone.confirm),
        ("POST", RESEND, OwnPage.PHONE, phone.resend),
        ("GET", OwnPage.SESSIONS, OwnPage.SESSIONS, sessions.show),
        ("POST", OwnPage.SESSIONS, OwnPage.SESSIONS, sessions.end),
        ("POST", OTHERS, OwnPage.SESSIONS, sessions.end_others),
    ]
    table: list[BaseRoute] = [
        Route(path, entrance.route(page, does), methods=[verb]) for verb, path, page, does in rows
    ]
    table += [
        Route("/", _to_account, methods=["GET"]),
        # Password managers look for the form here (W3C, A Well-Known URL for Changing Passwords).
        Route("/.well-known/change-password", _to_password, methods=["GET"]),
    ]
    return table


async def _to_account(request: Request) -> Response:
    return see_other(request, OwnPage.HOME)


async def _to_password(request: Request) -> Response:
    return see_other(request, OwnPage.PASSWORD)
