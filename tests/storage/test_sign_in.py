"""What a sign-in leaves behind: credentials, logins, codes, sessions, browsers and grants."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from idp.domain.assurance import Asked, Evidence, Level, Method
from idp.domain.logins import LoginState
from idp.errors import NotFound
from idp.storage.records import PasswordRecord, TemporaryRecord, TotpRecord
from idp.storage.tables import grants
from idp.storage.unit_of_work import Store
from tests.storage.world import NOW, PROVED, World, a_grant, a_login, a_session, a_text_code

BOTH = PROVED.having(Method.TOTP, NOW + 5)


async def test_a_rehash_keeps_the_age_and_loses_to_a_change(store: Store, world: World) -> None:
    async with store.write() as uow:
        assert await uow.credentials.password(world.dana) is None
        assert not await uow.credentials.set_password(world.dana, "new", NOW, replacing="old")
        assert await uow.credentials.set_password(world.dana, "weak", NOW, replacing=None)
        await uow.credentials.rehash(world.dana, "weak", "strong")
        assert await uow.credentials.password(world.dana) == PasswordRecord("strong", NOW)
        assert await uow.credentials.set_password(world.dana, "chosen", NOW + 9, replacing="strong")
        await uow.credentials.rehash(world.dana, "strong", "stronger")
        assert await uow.credentials.password(world.dana) == PasswordRecord("chosen", NOW + 9)


async def test_a_new_temporary_password_voids_the_earlier_one(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.credentials.put_temporary(world.dana, "tmp_1", "first", NOW, NOW + 3600)
        await uow.credentials.put_temporary(world.dana, "tmp_2", "second", NOW + 1, NOW + 3601)
        assert await uow.credentials.temporary(world.dana) == TemporaryRecord("tmp_2", "second", NOW + 1, NOW + 3601)
        assert not await uow.credentials.use_temporary(world.dana, "tmp_1")
        assert not await uow.credentials.use_temporary(world.rita, "tmp_2")
        assert await uow.credentials.use_temporary(world.dana, "tmp_2")
        assert await uow.credentials.temporary(world.dana) is None


async def test_an_enrolment_belongs_to_its_owner_and_its_time(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.credentials.put_enrolment(world.dana, b"one", b"first", NOW + 600)
        await uow.credentials.put_enrolment(world.dana, b"two", b"second", NOW + 600)
        assert await uow.credentials.enrolment(world.dana, b"one", NOW) is None
        assert await uow.credentials.enrolment(world.dana, b"two", NOW) == b"second"
        assert await uow.credentials.enrolment(world.dana, b"two", NOW + 600) is None
        assert await uow.credentials.enrolment(world.rita, b"two", NOW) is None
        assert not await uow.credentials.confirm_totp(world.dana, b"one", 7, NOW)
        assert not await uow.credentials.confirm_totp(world.dana, b"two", 7, NOW + 600)
        assert await uow.credentials.totp(world.dana) is None
        assert await uow.credentials.confirm_totp(world.dana, b"two", 7, NOW)
        assert await uow.credentials.totp(world.dana) == TotpRecord(b"second", 7, NOW)
        assert not await uow.credentials.use_totp_step(world.dana, 7)  # the code that confirmed it was its first use
        assert await uow.credentials.use_totp_step(world.dana, 8)


async def test_an_enrolment_does_not_replace_an_authenticator(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.credentials.put_enrolment(world.dana, b"one", b"first", NOW + 600)
        await uow.credentials.confirm_totp(world.dana, b"one", 7, NOW)
        await uow.credentials.put_enrolment(world.dana, b"one", b"second", NOW + 600)
        assert not await uow.credentials.confirm_totp(world.dana, b"one", 8, NOW)
        assert await uow.credentials.totp(world.dana) == TotpRecord(b"first", 7, NOW)
        assert await uow.credentials.remove_totp(world.dana)
        assert not await uow.credentials.remove_totp(world.dana)
        assert await uow.credentials.enrolment(world.dana, b"one", NOW) is None


async def test_a_login_is_read_as_stored(store: Store, world: World) -> None:
    asked = Asked((Level.MFA, Level.PASSWORD), essential=True, scopes=("openid", "phone"), account_hint="EC-20017")
    full = a_login(
        "full",
        asked=asked,
        user_id=world.dana,
        user_epoch=3,
        evidence=BOTH,
        temporary_id="tmp_1",
        membership_id="mem_dana",
        method=Method.SMS,
        tries=2,
    )
    async with store.write() as uow:
        for login in (full, a_login()):
            await uow.logins.add(login)
            assert await uow.logins.get(login.id_hash) == login
        assert await uow.logins.get(b"none") is None


async def test_a_login_goes_from_step_to_step(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.logins.add(a_login())
        assert await uow.logins.identify(b"login", world.dana, 0, PROVED, "tmp_1", NOW, NOW + 600)
        assert await uow.logins.choose(b"login", "mem_dana")
        assert await uow.logins.pick_method(b"login", Method.TOTP)
        assert await uow.logins.prove(b"login", BOTH)
        assert await uow.logins.replace_temporary(b"login", BOTH, 1)
        assert await uow.logins.count_try(b"login") == 1
        login = await uow.logins.get(b"login")
        assert login == a_login(
            user_id=world.dana,
            user_epoch=1,
            evidence=BOTH,
            membership_id="mem_dana",
            method=Method.TOTP,
            tries=1,
            expires_at=NOW + 600,
        )


async def test_another_person_in_the_same_login_starts_without_the_firsts_choices(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.logins.add(a_login())
        await uow.logins.identify(b"login", world.dana, 0, PROVED, None, NOW, NOW + 600)
        await uow.logins.choose(b"login", "mem_dana")
        await uow.logins.pick_method(b"login", Method.SMS)
        await uow.logins.count_try(b"login")
        await uow.logins.identify(b"login", world.dana, 1, PROVED, None, NOW, NOW + 600)
        again = await uow.logins.get(b"login")
        assert again is not None
        assert (again.membership_id, again.method, again.tries) == ("mem_dana", Method.SMS, 1)
        await uow.logins.identify(b"login", world.rita, 0, PROVED, None, NOW, NOW + 600)
        other = await uow.logins.get(b"login")
        assert other is not None
        assert (other.user_id, other.membership_id, other.method, other.tries) == (world.rita, None, None, 1)


async def test_what_the_person_of_the_session_chose_outlives_their_second_factor(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.logins.add(a_login())
        await uow.logins.choose(b"login", "mem_dana")  # on the strength of a session: the login itself knows nobody yet
        await uow.logins.identify(b"login", world.dana, 0, PROVED, None, NOW, NOW + 600)
        login = await uow.logins.get(b"login")
        assert login is not None
        assert login.membership_id == "mem_dana"


async def test_a_login_that_is_over_stays_as_it_is(store: Store, world: World) -> None:
    async with store.write() as uow:
        for state in (LoginState.COMPLETED, LoginState.CANCELLED, LoginState.DESTROYED):
            await uow.logins.add(a_login(state))
            assert await uow.logins.finish(state.encode(), state)
            assert not await uow.logins.identify(state.encode(), world.dana, 0, PROVED, None, NOW, NOW + 600)
            assert not await uow.logins.prove(state.encode(), BOTH)
            assert not await uow.logins.choose(state.encode(), "mem_dana")
            assert not await uow.logins.pick_method(state.encode(), None)
            assert not await uow.logins.replace_temporary(state.encode(), BOTH, 1)
            assert not await uow.logins.finish(state.encode(), LoginState.COMPLETED)
            assert await uow.logins.get(state.encode()) == a_login(state, state=state)
        await uow.logins.add(a_login())
        assert not await uow.logins.identify(b"login", world.dana, 0, PROVED, None, NOW + 1800, NOW + 2400)
        with pytest.raises(NotFound):
            await uow.logins.count_try(b"none")


async def test_a_resent_code_voids_the_one_before(store: Store, world: World) -> None:
    first = a_text_code(tries=4)
    second = a_text_code(id="msg_2", code_hash=b"other", sent_at=NOW + 30, expires_at=NOW + 330)
    async with store.write() as uow:
        await uow.text_codes.put(b"owner", world.dana, first, "msg_1")
        assert await uow.text_codes.get(b"owner") == first
        await uow.text_codes.put(b"owner", world.dana, second, "msg_2")
        assert await uow.text_codes.get(b"owner") == second
        assert not await uow.text_codes.use(b"owner", b"digest", NOW + 31)
        assert not await uow.text_codes.use(b"owner", b"other", NOW + 330)
        assert not await uow.text_codes.use(b"somebody", b"other", NOW + 31)
        assert await uow.text_codes.use(b"owner", b"other", NOW + 31)
        assert not await uow.text_codes.use(b"owner", b"other", NOW + 31)
        assert await uow.text_codes.get(b"owner") == replace(second, used_at=NOW + 31)
        assert await uow.text_codes.get(b"somebody") is None
        with pytest.raises(NotFound):
            await uow.text_codes.count_try(b"somebody")


async def test_a_session_is_read_as_stored(store: Store, world: World) -> None:
    full = a_session(
        evidence=BOTH, choices={"inbound": "mem_dana"}, address="192.0.2.1", user_agent="Browser", ended_at=NOW + 9
    )
    async with store.write() as uow:
        await uow.sessions.add(full)
        assert await uow.sessions.get("ses_1") == full
        assert await uow.sessions.by_token(full.token_hash) == full
        assert await uow.sessions.by_token(b"other") is None
        assert await uow.sessions.get("ses_2") is None


async def test_a_rotated_session_answers_to_the_new_token_only(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.sessions.add(a_session())
        assert await uow.sessions.rotate("ses_1", b"new", BOTH, 1, NOW + 5, NOW + 50_000)
        assert await uow.sessions.by_token(a_session().token_hash) is None
        assert await uow.sessions.by_token(b"new") == a_session(
            token_hash=b"new", evidence=BOTH, user_epoch=1, seen_at=NOW + 5, expires_at=NOW + 50_000
        )
        await uow.sessions.end("ses_1", NOW + 6)
        assert not await uow.sessions.rotate("ses_1", b"newer", BOTH, 1, NOW + 7, NOW + 50_000)


async def test_being_seen_is_written_once_a_minute(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.sessions.add(a_session())
        for at, seen_at in [(NOW + 59, NOW), (NOW + 60, NOW + 60), (NOW + 100, NOW + 60)]:
            await uow.sessions.touch("ses_1", at)
            session = await uow.sessions.get("ses_1")
            assert session is not None
            assert session.seen_at == seen_at


async def test_sessions_end_one_by_one(store: Store, world: World) -> None:
    async with store.write() as uow:
        for number in range(4):
            await uow.sessions.add(a_session(f"ses_{number}", seen_at=NOW + number))
        await uow.sessions.add(a_session("ses_old", expires_at=NOW))
        await uow.sessions.add(a_session("ses_rita", user_id=world.rita))
        assert await uow.sessions.end("ses_0", NOW)
        assert [s.id for s in await uow.sessions.of_user(world.dana, NOW)] == ["ses_3", "ses_2", "ses_1"]
        assert not await uow.sessions.end("ses_0", NOW)
        assert len(await uow.sessions.of_user(world.rita, NOW)) == 1


async def test_a_choice_is_remembered_per_portal(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.sessions.add(a_session())
        await uow.sessions.remember_choice("ses_1", "inbound", "mem_dana")
        await uow.sessions.remember_choice("ses_1", "sip", "mem_2")
        await uow.sessions.remember_choice("ses_1", "sip", "mem_3")
        await uow.sessions.remember_choice("ses_none", "sip", "mem_3")
        session = await uow.sessions.get("ses_1")
    assert session is not None
    assert session.choices == {"inbound": "mem_dana", "sip": "mem_3"}


async def test_a_browser_is_known_to_its_people_for_a_time(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.browsers.remember(b"browser", world.dana, NOW)
        await uow.browsers.remember(b"browser", world.dana, NOW + 100)
        assert await uow.browsers.is_known(b"browser", world.dana, NOW + 199, 100)
        assert not await uow.browsers.is_known(b"browser", world.dana, NOW + 200, 100)
        assert not await uow.browsers.is_known(b"browser", world.rita, NOW, 100)
        assert not await uow.browsers.is_known(b"other", world.dana, NOW, 100)
        await uow.browsers.forget_all(world.dana)
        assert not await uow.browsers.is_known(b"browser", world.dana, NOW + 101, 100)


async def test_a_grant_keeps_what_was_proved(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.sessions.add(a_session())
        await uow.grants.add(a_grant(evidence=BOTH, claims={"userinfo": {"email": None}}, nonce="n", offline=True))
        with pytest.raises(ValueError, match="evidence"):
            await uow.grants.add(a_grant("grt_2", evidence=Evidence()))
    async with store.reader() as connection:
        row = (await connection.execute(select(grants))).mappings().one()
    assert (row["amr"], row["auth_time"], row["claims"]) == ('["pwd","otp","mfa"]', NOW, '{"userinfo":{"email":null}}')
    assert (row["generation"], row["revoked_at"], row["code_used_at"]) == (0, None, None)


async def test_grants_end_with_their_session_unless_they_are_offline(store: Store, world: World) -> None:
    async with store.write() as uow:
        await uow.sessions.add(a_session())
        await uow.sessions.add(a_session("ses_2"))
        await uow.grants.add(a_grant("grt_1"))
        await uow.grants.add(a_grant("grt_2", offline=True))
        await uow.grants.add(a_grant("grt_3", session_id="ses_2"))
        assert await uow.grants.revoke_of_session("ses_1", "logout", NOW) == 1
        assert await uow.grants.revoke_of_session("ses_1", "logout", NOW) == 0
        assert not await uow.grants.revoke("grt_1", "again", NOW + 1)
        assert await uow.grants.revoke_of_session("ses_1", "logout", NOW, offline_too=True) == 1
        assert await uow.grants.revoke_of_user(world.dana, "password changed", NOW) == 1
        assert await uow.grants.revoke_of_user(world.rita, "password changed", NOW) == 0
    async with store.reader() as connection:
        rows = await connection.execute(select(grants.c.revoked_because).order_by(grants.c.id))
    assert rows.scalars().all() == ["logout", "logout", "password changed"]
