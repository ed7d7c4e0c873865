"""Frames and small values that the samples of several pages share: the demo world's portals and people."""

from __future__ import annotations

from dataclasses import replace

from idp.web.branding import PORTALS, PROVIDER
from idp.web.pages.frame import Frame, Link, Method

_PROVIDER = "500 Telecom"

PLAIN = Frame(
    portal=_PROVIDER,
    provider=_PROVIDER,
    support_name="500 Telecom support",
    support_email="support@500.example",
    mark=PROVIDER.mark,
    action="/sign-in/3vQ7/step",
    forgotten="/forgotten",
    form_token="q1w2e3r4",  # noqa: S106 - a sample
)
INBOUND = replace(
    PLAIN,
    portal="Inbound",
    accent=PORTALS["inbound"].accent,
    mark=PORTALS["inbound"].mark,
    cancel="/sign-in/3vQ7/cancel",
    policy_url="https://inbound.example/privacy",
    terms_url="https://inbound.example/terms",
    languages=(Link("Cymraeg", "?ui_locales=cy", "cy"),),
)
TRUNK = replace(
    INBOUND,
    portal="SIP Trunk Plus",
    accent=PORTALS["sip-trunk-plus"].accent,
    mark=PORTALS["sip-trunk-plus"].mark,
)
OTHER = replace(PLAIN, portal="Tally & Co <Accounts>", mark="", cancel="/sign-in/3vQ7/cancel")
"""A client that registered itself: no brand, and a name that must be escaped."""

INBOUND_DANA = replace(INBOUND, who="dana - Harbour Dental", switch="/sign-in/3vQ7/switch", step=2, steps=2)
TRUNK_SAM = replace(TRUNK, who="sam - Quayside Legal", switch="/sign-in/3vQ7/switch", step=2, steps=3)

APP = Method("totp", "Use your authenticator app")
SMS = Method("sms", "Get a text message")
RECOVERY = Method("recovery_code", "Use a recovery code")

QR = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 25 25" shape-rendering="crispEdges"><path fill="#000" d="'
    "M2 2h7v7h-7zm1 1v5h5v-5zm1 1h3v3h-3zM16 2h7v7h-7zm1 1v5h5v-5zm1 1h3v3h-3zM2 16h7v7h-7zm1 1v5h5v-5zm1 1h3v3h-3z"
    "M10 2h2v1h-2zM13 3h2v2h-2zM10 5h1v3h-1zM12 7h3v2h-3zM2 10h3v1h-3zM6 11h2v2h-2zM10 10h3v3h-3zM14 11h1v4h-1z"
    "M16 10h4v1h-4zM21 12h2v3h-2zM11 14h2v2h-2zM16 13h2v2h-2zM10 17h3v1h-3zM14 17h3v3h-3zM19 16h2v4h-2zM11 20h2v3h-2z"
    'M22 21h1v2h-1zM16 21h4v1h-4z"/></svg>'
)
"""Stands in for a QR code; it reads as nothing."""
