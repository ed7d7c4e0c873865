"""Times, browsers and events in words for the person whom they concern."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from idp.domain.audit import AuditEvent, Event
from idp.domain.devices import device
from idp.domain.sessions import Session
from idp.web.pages.account import Happening

RECENT_SECONDS = 120
BY_PORTALS = frozenset({Event.CODE_REPLAYED, Event.REFRESH_REUSED, Event.GRANT_REVOKED})
"""Events whose address is that of a portal's server, which tells a person nothing."""
OWN_PLACE = "your account"

HAPPENINGS: Mapping[Event, str] = MappingProxyType(
    {
        Event.SIGN_IN_SUCCEEDED: "Signed in to {portal}",
        Event.SIGN_IN_FAILED: "Wrong password",
        Event.SIGN_IN_THROTTLED: "Sign-in slowed down after wrong passwords",
        Event.SIGN_IN_REFUSED: "Sign-in to {portal} refused",
        Event.SIGN_IN_BLOCKED_NO_PHONE: "Sign-in to {portal} stopped: no mobile number",
        Event.SECOND_FACTOR_FAILED: "Wrong code",
        Event.SECOND_FACTOR_THROTTLED: "Too many wrong codes",
        Event.SESSION_ENDED: "Signed out of a browser",
        Event.TEMPORARY_PASSWORD_SENT: "Temporary password sent by e-mail",
        Event.TEMPORARY_PASSWORD_EXPIRED: "Temporary password used too late",
        Event.PASSWORD_CHANGED: "Password changed",
        Event.TOTP_ENROLLED: "Authenticator app set up",
        Event.MFA_ENABLED: "MFA turned on",
        Event.MFA_DISABLED: "MFA turned off",
        Event.MFA_RESET: "MFA reset",
        Event.PHONE_CHANGED: "Mobile number changed",
        Event.SMS_REQUESTED: "Code sent by text message",
        Event.SMS_BUDGET_EXCEEDED: "Too many text messages asked for",
        Event.SMS_FAILED: "Text message could not be sent",
        Event.CODE_REPLAYED: "Sign-in to {portal} stopped: it was used twice",
        Event.REFRESH_REUSED: "Access of {portal} ended: it was used twice",
        Event.GRANT_REVOKED: "Access of {portal} ended",
        Event.CONSENT_GIVEN: "You let {portal} see your details",
        Event.USER_CREATED: "Your sign-in was created",
        Event.USER_DISABLED: "Your sign-in was switched off",
        Event.USER_ENABLED: "Your sign-in was switched on",
        Event.USER_CHANGED: "Your details or accounts changed",
    }
)
"""What a person is told of each event. The trail has more; `UNTOLD` says why the rest is left out."""

UNTOLD: Mapping[Event, str] = MappingProxyType(
    {
        Event.SIGN_IN_CANCELLED: "nothing came of it",
        Event.SECOND_FACTOR_SUCCEEDED: "part of a sign-in, which is told",
        Event.SESSION_STARTED: "part of a sign-in, which is told",
        Event.CODE_ISSUED: "part of a sign-in, which is told",
        Event.CLIENT_CREATED: "about a portal",
        Event.CLIENT_CHANGED: "about a portal",
        Event.CLIENT_SECRET_ROTATED: "about a portal",
        Event.CLIENT_AUTHENTICATION_FAILED: "about a portal",
        Event.ACCOUNT_CREATED: "about an account",
        Event.ACCOUNT_MOVED: "about an account",
        Event.ACCOUNT_SUSPENDED: "about an account",
        Event.ACCOUNT_RESUMED: "about an account",
        Event.PERMISSION_ALLOCATED: "about an account",
        Event.PERMISSION_WITHDRAWN: "about an account",
        Event.KEY_ROTATED: "about the house",
        Event.KEY_REVOKED: "about the house",
        Event.DELIVERY_FAILED: "about a message, which names no person",
        Event.LOGOUT_FAILED: "between us and a portal",
    }
)


def happening(event: AuditEvent, portals: Mapping[str, str], now: int) -> Happening:
    """One event as a line of *What happened lately*."""
    portal = portals.get(event.client_id or "", event.client_id or OWN_PLACE)
    return Happening(HAPPENINGS[event.event].format(portal=portal), moment(event.at, now), _where(event))


def _where(event: AuditEvent) -> str:
    """From which browser and address. Those of somebody else are not the person's to know, nor is who it was."""
    actor = event.actor
    if event.event in BY_PORTALS:
        return ""
    if actor.id not in ("", event.user_id):
        return "by an administrator"
    return ", ".join(filter(None, [device(actor.user_agent) if actor.user_agent else "", actor.address]))


def moment(at: int, now: int) -> str:
    """`Today, 09:12 UTC`, `Yesterday, 17:40 UTC`, `12 July 2026, 08:03 UTC`."""
    then = datetime.fromtimestamp(at, UTC)
    days = (datetime.fromtimestamp(now, UTC).date() - then.date()).days
    day = {0: "Today", 1: "Yesterday"}.get(days, f"{then.day} {then:%B %Y}")
    return f"{day}, {then:%H:%M} UTC"


def days_ago(at: int, now: int) -> str:
    """`today`, `yesterday`, `12 days ago`."""
    days = (datetime.fromtimestamp(now, UTC).date() - datetime.fromtimestamp(at, UTC).date()).days
    return {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")


def last_seen(session: Session, now: int) -> str:
    """`seen_at` is written now and then only, so what is recent is simply now."""
    return "just now" if now - session.seen_at < RECENT_SECONDS else moment(session.seen_at, now)
