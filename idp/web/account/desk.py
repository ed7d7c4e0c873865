"""What the desks of the account pages share."""

from __future__ import annotations

from idp.domain.policy import may_manage_mfa
from idp.ports import Ports
from idp.services.self_service.owner import Owner, enter
from idp.storage.unit_of_work import Store
from idp.web.account.entrance import Arrival, Entrance
from idp.web.pages.account import Shell
from idp.web.runtime import Runtime


class Desk:
    """One page and what is done on it, for one runtime."""

    def __init__(self, runtime: Runtime, entrance: Entrance) -> None:
        self._runtime = runtime
        self._entrance = entrance

    @property
    def _store(self) -> Store:
        return self._runtime.store

    @property
    def _ports(self) -> Ports:
        return self._runtime.ports

    async def _owner(self, arrival: Arrival) -> Owner:
        """Raises `NotSignedIn`."""
        return await enter(self._store, self._ports, arrival.caller)

    @staticmethod
    def _shell(arrival: Arrival, owner: Owner) -> Shell:
        return arrival.shell(owner, shows_mfa=may_manage_mfa(owner.active))
