"""Starting a login: the validated request is stored once, bound to the browser, and believed from then on."""

from __future__ import annotations

from dataclasses import dataclass

from idp.domain.assurance import Asked
from idp.domain.ids import secret_hash
from idp.domain.logins import Login
from idp.ports import Ports
from idp.services.minting import new_secret
from idp.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class StartLogin:
    """`request` is the stored form of what comes after the sign-in, `asked` its demands on it; `client_id` as in `Login`."""

    client_id: str | None
    request: str
    asked: Asked
    browser_token: str


async def start_login(uow: UnitOfWork, ports: Ports, command: StartLogin) -> str:
    """Stores a new login and returns its token, the part of the URL that nobody can guess."""
    now = ports.clock.now()
    token = new_secret(ports.entropy)
    await uow.logins.add(
        Login(
            id_hash=secret_hash(token),
            browser_hash=secret_hash(command.browser_token),
            client_id=command.client_id,
            request=command.request,
            asked=command.asked,
            created_at=now,
            expires_at=now + ports.rules.sessions.login_seconds,
        )
    )
    return token
