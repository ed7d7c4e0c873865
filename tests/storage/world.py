"""A small world in the database: a tree of accounts, two people, a client, and one of everything they leave behind."""

from __future__ import annotations

from dataclasses import dataclass

from idp.domain.accounts import Kind
from idp.domain.assurance import Asked, Evidence, Method
from idp.domain.clients import Client
from idp.domain.grants import NewGrant
from idp.domain.logins import Login
from idp.domain.onetime import TextCode
from idp.domain.people import Person, Role
from idp.domain.sessions import Session
from idp.storage.unit_of_work import Store

NOW = 1_767_258_000
PROVED = Evidence({Method.PASSWORD: NOW})


@dataclass(frozen=True)
class World:
    """Ids. The tree is operator > north > harbour, operator > south; dana belongs to harbour, rita to north."""

    operator: str = "acc_op"
    north: str = "acc_no"
    south: str = "acc_so"
    harbour: str = "acc_ha"
    dana: str = "usr_dana"
    rita: str = "usr_rita"
    client: str = "inbound"


async def build_world(store: Store) -> World:
    w = World()
    async with store.write() as uow:
        await uow.accounts.add(w.operator, "OP-1", "500 Telecom", Kind.OPERATOR, None, NOW)
        await uow.accounts.add(w.north, "RS-10023", "Northern Voice", Kind.RESELLER, w.operator, NOW)
        await uow.accounts.add(w.south, "RS-10024", "Southern Trunks", Kind.RESELLER, w.operator, NOW)
        await uow.accounts.add(w.harbour, "EC-20017", "Harbour Dental", Kind.END_CLIENT, w.north, NOW)
        await uow.people.add(Person(w.dana, "dana", "dana@harbour.example", "Dana", "Reed"), NOW)
        await uow.people.add(Person(w.rita, "rita", "rita@north.example", "Rita", "Shaw"), NOW)
        await uow.people.add_membership("mem_dana", w.dana, w.harbour, Role.USER, True, NOW)
        await uow.people.add_membership("mem_rita", w.rita, w.north, Role.ADMINISTRATOR, True, NOW)
        await uow.clients.put(Client(w.client, "Inbound", ("https://inbound.example/callback",)), "config", NOW)
    return w


def a_login(name: str = "login", **changes: object) -> Login:
    fields: dict[str, object] = {
        "id_hash": name.encode(),
        "browser_hash": b"browser",
        "client_id": World.client,
        "request": '{"scope":"openid"}',
        "asked": Asked(),
        "created_at": NOW,
        "expires_at": NOW + 1800,
    }
    return Login(**(fields | changes))  # type: ignore[arg-type]


def a_session(name: str = "ses_1", **changes: object) -> Session:
    fields: dict[str, object] = {
        "id": name,
        "token_hash": f"token of {name}".encode(),
        "user_id": World.dana,
        "user_epoch": 0,
        "browser_hash": b"browser",
        "evidence": PROVED,
        "created_at": NOW,
        "seen_at": NOW,
        "expires_at": NOW + 43_200,
    }
    return Session(**(fields | changes))  # type: ignore[arg-type]


def a_grant(name: str = "grt_1", **changes: object) -> NewGrant:
    fields: dict[str, object] = {
        "id": name,
        "client_id": World.client,
        "user_id": World.dana,
        "membership_id": "mem_dana",
        "account_id": World.harbour,
        "session_id": "ses_1",
        "user_epoch": 0,
        "account_epoch": 0,
        "scope": "openid",
        "evidence": PROVED,
        "acr": "pwd",
        "code_hash": f"code of {name}".encode(),
        "code_challenge": None,
        "redirect_uri": "https://inbound.example/callback",
        "code_expires_at": NOW + 60,
        "expires_at": NOW + 43_200,
        "created_at": NOW,
    }
    return NewGrant(**(fields | changes))  # type: ignore[arg-type]


def a_text_code(**changes: object) -> TextCode:
    fields: dict[str, object] = {
        "id": "msg_1",
        "code_hash": b"digest",
        "phone_number": "+447700900118",
        "sent_at": NOW,
        "expires_at": NOW + 300,
    }
    return TextCode(**(fields | changes))  # type: ignore[arg-type]


def somebody(name: str) -> Person:
    return Person(f"usr_{name}", name, f"{name}@x.example")


async def names(store: Store) -> set[str]:
    """Who of `somebody` is stored."""
    async with store.read() as uow:
        found = [await uow.people.by_username(name) for name in ("ann", "ben", "cas", "dan")]
    return {person.username for person in found if person}
