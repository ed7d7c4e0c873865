"""Who and what is in the demo world (CONTRACT, Demo world). Telephone numbers are of the Ofcom drama range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from idp.domain.accounts import Kind
from idp.domain.people import Role
from idp.domain.permissions import Permission

PASSWORD = "Correct-Horse-9"
ID_TOKEN_ALG = "ES256"
BACKCHANNEL_LOGOUT = "/backchannel-logout"
API_CLIENT, API_SECRET = "demo-api", "demo-api-secret"


@dataclass(frozen=True, slots=True)
class DemoAccount:
    number: str
    name: str
    kind: Kind
    under: str | None = None
    permissions: frozenset[Permission] = frozenset()


@dataclass(frozen=True, slots=True)
class DemoUser:
    """`shows` is what the banner says of this person. `is_new`: has a temporary password in the outbox and nothing else."""

    username: str
    given_name: str
    family_name: str
    accounts: tuple[str, ...]
    shows: str
    role: Role = Role.USER
    phone_number: str | None = None
    mfa_enabled: bool = False
    totp_enrolled: bool = False
    is_new: bool = False

    @property
    def email(self) -> str:
        return f"{self.username}@demo.example"


USE_2FA = frozenset({Permission.USE_2FA})

ACCOUNTS = (
    DemoAccount("OP-1", "500 Telecom", Kind.OPERATOR),
    DemoAccount("RS-10023", "Northern Voice", Kind.RESELLER, "OP-1"),
    DemoAccount("RS-10024", "Southern Trunks", Kind.RESELLER, "OP-1", USE_2FA),
    DemoAccount("EC-20017", "Harbour Dental", Kind.END_CLIENT, "RS-10023"),
    DemoAccount("EC-20018", "Quayside Legal", Kind.END_CLIENT, "RS-10023", USE_2FA),
)

USERS = (
    DemoUser(
        "support", "Sasha", "Bell", ("OP-1",), "support staff; MFA by authenticator app, key below", Role.SUPPORT,
        mfa_enabled=True, totp_enrolled=True,
    ),
    DemoUser("rita", "Rita", "Calder", ("RS-10023",), "reseller administrator, Use 2FA off", Role.ADMINISTRATOR),
    DemoUser(
        "rolf", "Rolf", "Ennis", ("RS-10024",), "reseller administrator, Use 2FA on: text message on SIP Trunk Plus",
        Role.ADMINISTRATOR, phone_number="+447700900124",
    ),
    DemoUser("dana", "Dana", "Marsh", ("EC-20017",), "Inbound with a password only"),
    DemoUser("theo", "Theo", "Quill", ("EC-20017",), "MFA switched on: QR code at the next sign-in", mfa_enabled=True),
    DemoUser("sam", "Sam", "Okafor", ("EC-20018",), "text message on SIP Trunk Plus", phone_number="+447700900118"),
    DemoUser("nora", "Nora", "Whitfield", ("EC-20018",), "no mobile number: blocked on SIP Trunk Plus"),
    DemoUser("iris", "Iris", "Hale", ("EC-20017",), "temporary password waiting in the outbox", is_new=True),
    DemoUser(
        "max", "Max", "Rowe", ("EC-20017", "EC-20018"), "two accounts: chooser", phone_number="+447700900119"
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoPortal:
    """A relying party. It is served `offset` ports above the identity provider."""

    client_id: str
    name: str
    tagline: str
    second_factor: str
    offset: int

    @property
    def secret(self) -> str:
        return f"{self.client_id}-demo-secret"

    def url(self, host: str, port: int) -> str:
        return f"http://{host}:{port + self.offset}"

    def registration(self, url: str) -> dict[str, Any]:
        """The client's RFC 7591 metadata."""
        return {
            "client_id": self.client_id,
            "client_name": self.name,
            "redirect_uris": [f"{url}/callback"],
            "post_logout_redirect_uris": [f"{url}/"],
            "client_uri": f"{url}/",
            "scope": "openid profile email phone account offline_access",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_basic",
            "id_token_signed_response_alg": ID_TOKEN_ALG,
            "backchannel_logout_uri": f"{url}{BACKCHANNEL_LOGOUT}",
            "backchannel_logout_session_required": True,
        }


PORTALS = (
    DemoPortal(
        "inbound", "Inbound", "Numbers, call plans and opening hours for every line you answer.", "totp", 1
    ),
    DemoPortal(
        "sip-trunk-plus", "SIP Trunk Plus", "Channels, limits and fraud alerts for every call you make.", "sms", 2
    ),
)  # fmt: skip


def api_registration() -> dict[str, Any]:
    """The confidential API client for first curl commands."""
    return {
        "client_id": API_CLIENT,
        "client_name": "Demo API",
        "grant_types": ["client_credentials"],
        "response_types": [],
        "redirect_uris": [],
        "scope": "accounts:read",
        "token_endpoint_auth_method": "client_secret_basic",
    }
