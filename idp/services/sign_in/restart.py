"""Starting a login again from its stored request: after it expired, or because somebody else wants to sign in.

A restarted login is a new one. Every policy is evaluated anew, and nothing proved in the old one is carried over (AZ38).
"""

from __future__ import annotations

import dataclasses

from idp.domain.logins import LoginState
from idp.ports import Ports
from idp.services.sign_in.start import StartLogin, start_login
from idp.services.sign_in.visit import LoginUnknown, Visit
from idp.storage.unit_of_work import Store


async def restart_login(store: Store, ports: Ports, visit: Visit, *, somebody_else: bool = False) -> str:
    """Returns the token of the new login. With `somebody_else` the session in this browser does not count for it.

    Raises `LoginUnknown` for a login of another browser: nobody restarts somebody else's sign-in (AZ34).
    """
    async with store.write() as uow:
        login = await uow.logins.get(visit.login_hash)
        if login is None or login.browser_hash != visit.browser_hash:
            raise LoginUnknown
        await uow.logins.finish(login.id_hash, LoginState.CANCELLED)
        asked = dataclasses.replace(login.asked, fresh=True) if somebody_else else login.asked
        return await start_login(uow, ports, StartLogin(login.client_id, login.request, asked, visit.browser_token))
