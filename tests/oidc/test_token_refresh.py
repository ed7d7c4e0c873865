"""Refreshing: rotation, lost answers, stolen tokens and the two ends of a family's life (SECURITY-CASES TK28-TK37)."""

from __future__ import annotations

import asyncio

import pytest

from idp.domain.audit import Event
from idp.domain.permissions import Permission
from tests.oidc.endings import OF_THE_PERSON, Ending, disable_the_client
from tests.oidc.house import ISSUER, RULES, House, body_of, error_of, grant_id_of
from tests.support.tokens import b64url, jwt_claims, unb64url

NOT_VALID = "invalid_grant"


async def test_a_refresh_renews_every_token_and_keeps_what_the_sign_in_was(house: House) -> None:
    first = await house.signed_in()
    house.clock.advance(100)
    second = body_of(await house.refresh(first["refresh_token"]))
    assert second.keys() == first.keys()
    assert not {second[name] for name in ("access_token", "id_token", "refresh_token")} & set(first.values())
    before, after = jwt_claims(first["id_token"]), jwt_claims(second["id_token"])
    assert after["iat"] == before["iat"] + 100
    assert "nonce" not in after
    same = ("iss", "sub", "aud", "azp", "auth_time", "acr", "amr", "sid")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert await house.is_alive(second)


async def test_the_claims_are_those_of_the_moment(house: House) -> None:
    first = await house.signed_in()
    async with house.store.write() as uow:
        await uow.accounts.withdraw("acc_harbour", Permission.USE_2FA)
    second = body_of(await house.refresh(first["refresh_token"]))
    assert jwt_claims(first["access_token"])["permissions"] == ["use_2fa"]
    assert jwt_claims(second["access_token"])["permissions"] == []


async def test_TK28_less_scope_narrows_the_tokens_and_more_is_refused_without_a_change(house: House) -> None:
    first = await house.signed_in(scope="openid account email")
    for wider in ("openid phone", "openid account email profile", "nonsense"):
        assert error_of(await house.refresh(first["refresh_token"], scope=wider)) == "invalid_scope"
    narrow = body_of(await house.refresh(first["refresh_token"], scope="email openid"))
    assert narrow["scope"] == jwt_claims(narrow["access_token"])["scope"] == "email openid"
    assert not {"account", "permissions"} & (
        jwt_claims(narrow["id_token"]).keys() | jwt_claims(narrow["access_token"]).keys()
    )
    whole = body_of(await house.refresh(narrow["refresh_token"]))
    assert whole["scope"] == "openid account email"


async def test_TK28_another_audience_is_refused_and_our_own_accepted(house: House) -> None:
    first = await house.signed_in()
    refusal = await house.refresh(first["refresh_token"], resource="https://api.example")
    assert error_of(refusal) == "invalid_target"
    assert body_of(await house.refresh(first["refresh_token"], resource=ISSUER))


async def test_TK29_a_token_that_was_rotated_away_ends_the_family(house: House) -> None:
    first = await house.signed_in()
    second = body_of(await house.refresh(first["refresh_token"]))
    house.clock.advance(RULES.refresh_grace_seconds)
    assert await house.is_alive(second)
    assert error_of(await house.refresh(first["refresh_token"])) == NOT_VALID
    assert not await house.is_alive(second)
    assert error_of(await house.refresh(second["refresh_token"])) == NOT_VALID
    assert await house.events(Event.REFRESH_REUSED) == 1


async def test_TK29_two_generations_back_is_no_lost_answer_even_within_the_grace(house: House) -> None:
    first = await house.signed_in()
    second = body_of(await house.refresh(first["refresh_token"]))
    third = body_of(await house.refresh(second["refresh_token"]))
    assert error_of(await house.refresh(first["refresh_token"])) == NOT_VALID
    assert not await house.is_alive(third)


async def test_TK29_reuse_by_another_client_ends_nothing(house: House) -> None:
    first = await house.signed_in()
    second = body_of(await house.refresh(first["refresh_token"]))
    house.clock.advance(60)
    for stranger in ("classic", "spa", "post"):
        assert error_of(await house.refresh(first["refresh_token"], stranger)) == NOT_VALID
        assert error_of(await house.refresh(second["refresh_token"], stranger)) == NOT_VALID
    assert await house.is_alive(second)


async def test_TK31_of_twenty_refreshes_at_two_replicas_all_answers_are_one_family(
    house: House, replica: House
) -> None:
    first = await house.signed_in()
    answers = await asyncio.gather(*((house, replica)[n % 2].refresh(first["refresh_token"]) for n in range(20)))
    bodies = [body_of(answer) for answer in answers]
    assert len({body["refresh_token"] for body in bodies}) == 1
    assert {grant_id_of(body) for body in bodies} == {grant_id_of(first)}
    assert await house.is_alive(bodies[0])
    state = await house.back.statements.family_state(grant_id_of(first), house.clock.now())
    assert state is not None
    assert state.generation == 2


async def test_TK31_a_public_client_gets_one_answer_and_then_the_family_is_dead(house: House, replica: House) -> None:
    first = await house.signed_in("spa")
    answers = await asyncio.gather(*((house, replica)[n % 2].refresh(first["refresh_token"], "spa") for n in range(20)))
    winners = [body_of(answer) for answer in answers if answer.status == 200]
    assert len(winners) == 1
    assert error_of(await house.refresh(winners[0]["refresh_token"], "spa")) == NOT_VALID
    assert await house.events(Event.REFRESH_REUSED) == 1


async def test_TK32_a_lost_answer_is_given_again_with_the_identical_token(house: House) -> None:
    first = await house.signed_in()
    lost = body_of(await house.refresh(first["refresh_token"]))
    house.clock.advance(RULES.refresh_grace_seconds - 1)
    again = body_of(await house.refresh(first["refresh_token"]))
    assert again["refresh_token"] == lost["refresh_token"]
    assert again["access_token"] != lost["access_token"]
    assert await house.is_alive(again)
    assert await house.events(Event.REFRESH_REUSED) == 0


async def test_TK33_the_grace_runs_from_the_first_use_and_never_anew(house: House) -> None:
    first = await house.signed_in()
    kept = body_of(await house.refresh(first["refresh_token"]))
    house.clock.advance(9)
    assert body_of(await house.refresh(first["refresh_token"]))
    house.clock.advance(9)
    assert error_of(await house.refresh(first["refresh_token"])) == NOT_VALID
    assert not await house.is_alive(kept)


@pytest.mark.parametrize("ending", [*OF_THE_PERSON, disable_the_client])
async def test_TK34_whatever_ended_the_sign_in_ends_its_refreshing(house: House, ending: Ending) -> None:
    first = await house.signed_in()
    second = body_of(await house.refresh(first["refresh_token"]))
    async with house.store.write() as uow:
        await ending(uow, house.clock.now())
    refused = "invalid_client" if ending is disable_the_client else NOT_VALID
    status = 401 if ending is disable_the_client else 400
    assert error_of(await house.refresh(second["refresh_token"]), status) == refused
    assert error_of(await house.refresh(first["refresh_token"]), status) == refused  # within the grace, but dead
    assert (await house.userinfo(second["access_token"])).status == 401
    assert await house.events(Event.REFRESH_REUSED) == 0


async def test_TK36_an_unused_token_dies_of_idleness_and_a_used_one_of_age(house: House) -> None:
    idle, busy = await house.signed_in(), await house.signed_in()
    started = house.clock.now()
    house.clock.advance(RULES.refresh_idle_seconds - 1)
    busy = body_of(await house.refresh(busy["refresh_token"]))
    house.clock.advance(1)
    assert error_of(await house.refresh(idle["refresh_token"])) == NOT_VALID
    house.clock.set(started + RULES.refresh_absolute_seconds - 1)
    busy = body_of(await house.refresh(busy["refresh_token"]))
    assert busy["expires_in"] == 1
    house.clock.advance(1)
    assert error_of(await house.refresh(busy["refresh_token"])) == NOT_VALID
    assert await house.events(Event.REFRESH_REUSED) == 0


async def test_TK36_offline_access_lives_longer_and_not_for_ever(house: House) -> None:
    offline = await house.signed_in(scope="openid offline_access")
    started = house.clock.now()
    for _ in range(2):
        house.clock.advance(RULES.offline_idle_seconds - 1)
        offline = body_of(await house.refresh(offline["refresh_token"]))
    house.clock.set(started + RULES.offline_absolute_seconds)
    assert error_of(await house.refresh(offline["refresh_token"])) == NOT_VALID


async def test_no_other_text_is_a_refresh_token(house: House) -> None:
    response = await house.signed_in()
    token = response["refresh_token"]
    raw = bytearray(unb64url(token))
    assert len(token) == 70
    forged = [token[:-1], token + "A", token + "=", f" {token}", token.upper(), "x", "A" * 70, response["access_token"]]
    for position in (0, 5, 19, 30, 51):
        changed = raw.copy()
        changed[position] ^= 1
        forged.append(b64url(bytes(changed)))
    # The last letter has bits that decode to nothing: another spelling of the same bytes is not the token.
    spare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    forged += [token[:-1] + letter for letter in spare if letter != token[-1]]
    for text in forged:
        assert error_of(await house.refresh(text)) == NOT_VALID
    assert error_of(await house.token(grant_type="refresh_token")) == "invalid_request"
    assert await house.is_alive(response)
    assert body_of(await house.refresh(token))


async def test_nothing_of_a_refresh_token_is_stored(house: House) -> None:
    first = await house.signed_in()
    again = house.back.refresh_tokens.make(grant_id_of(first), 1)
    assert again == first["refresh_token"]
    assert house.back.refresh_tokens.read(again) == (grant_id_of(first), 1)
