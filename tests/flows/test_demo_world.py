"""Every person of the demo world shows what the contract says (CONTRACT, Demo world), and where they stand (Tokens)."""

from __future__ import annotations

from typing import Any

import pytest

from idp.domain.accounts import Kind
from idp.domain.people import Role
from idp.services.accounts import AddAccount, add_account
from idp.services.people import AddMembership, add_membership
from tests.flows.journeys import CHOSEN, app_code, enrol, go_to, sign_in
from tests.support.house import House
from tests.support.relying_party import AuthorizationRefused, RelyingParty, SignedIn

OPERATOR = ("OP-1", "500 Telecom", "operator")
NORTHERN = ("RS-10023", "Northern Voice", "reseller")
SOUTHERN = ("RS-10024", "Southern Trunks", "reseller")
HARBOUR = ("EC-20017", "Harbour Dental", "end_client")
QUAYSIDE = ("EC-20018", "Quayside Legal", "end_client")

Node = tuple[str, str, str]


async def assert_place(
    portal: RelyingParty,
    signed_in: SignedIn,
    path: list[Node],
    *,
    reseller: Node | None,
    role: str = "user",
    permissions: tuple[str, ...] = (),
) -> None:
    """The claims of scope `account` are exactly these, at every place where the contract wants them."""
    userinfo, introspection = await portal.userinfo(signed_in), await portal.introspect(signed_in.access_token)
    access_token = await portal.verifier.access_token(signed_in.access_token)
    wanted = {
        "account": {"number": path[-1][0], "name": path[-1][1], "kind": path[-1][2]},
        "account_path": [{"number": number, "kind": kind} for number, _, kind in path],
        "roles": [role],
        "permissions": list(permissions),
    }
    if reseller is not None:
        wanted["reseller"] = {"number": reseller[0], "name": reseller[1]}
    names = {"account", "account_path", "reseller", "roles", "permissions"}
    places = [signed_in.claims, userinfo, introspection, access_token]
    told = [{name: claims[name] for name in names if name in claims} for claims in places]
    assert all(claims == told[0] for claims in told)
    assert _without_ids(told[0]) == wanted
    ids = [node["id"] for node in told[0]["account_path"]]
    assert told[0]["account"]["id"] == ids[-1]
    assert len(set(ids)) == len(ids)
    assert all(identifier.startswith("acc_") for identifier in ids)
    if reseller is not None:
        assert told[0]["reseller"]["id"] == ids[[node[0] for node in path].index(reseller[0])]


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_ids(member) for name, member in value.items() if name != "id"}
    return [_without_ids(member) for member in value] if isinstance(value, list) else value


async def test_support_signs_in_with_the_authenticator_app_and_belongs_to_the_operator(house: House) -> None:
    inbound = house.portal("inbound")
    journey = await go_to(inbound, house.person())
    await journey.give_password("support")
    assert journey.page.h1 == "Enter the code from your authenticator app"
    await journey.press(code=app_code(await house.support_key(), house.clock.now()))
    signed_in = await journey.arrived()
    assert signed_in.amr == ["pwd", "otp", "mfa"]
    await assert_place(inbound, signed_in, [OPERATOR], reseller=None, role="support")


@pytest.mark.parametrize("portal_id", ["inbound", "sip-trunk-plus"])
async def test_rita_administers_a_reseller_without_use_2fa(house: House, portal_id: str) -> None:
    portal = house.portal(portal_id)
    signed_in = await sign_in(portal, house.person(), "rita")
    assert signed_in.amr == ["pwd"]
    # The reseller of a reseller's own users is the reseller itself.
    await assert_place(portal, signed_in, [OPERATOR, NORTHERN], reseller=NORTHERN, role="administrator")


async def test_rolf_administers_a_reseller_with_use_2fa_and_gets_a_text_message(house: House) -> None:
    portal = house.portal("sip-trunk-plus")
    journey = await go_to(portal, house.person())
    await journey.give_password("rolf")
    await journey.press(code=(await house.text_to("+447700900124")).code)
    signed_in = await journey.arrived()
    assert signed_in.amr == ["pwd", "sms", "mfa"]
    path = [OPERATOR, SOUTHERN]
    await assert_place(portal, signed_in, path, reseller=SOUTHERN, role="administrator", permissions=("use_2fa",))
    assert (await sign_in(house.portal("inbound"), house.person(), "rolf")).amr == ["pwd"]


async def test_dana_uses_inbound_with_the_password_only(house: House) -> None:
    inbound = house.portal("inbound")
    signed_in = await sign_in(inbound, house.person(), "dana")
    assert signed_in.amr == ["pwd"]
    assert signed_in.claims["acr"] == f"{house.issuer}/acr/pwd"
    await assert_place(inbound, signed_in, [OPERATOR, NORTHERN, HARBOUR], reseller=NORTHERN)


async def test_theo_has_mfa_switched_on_and_scans_the_qr_code_at_the_next_sign_in(house: House) -> None:
    inbound = house.portal("inbound")
    journey = await go_to(inbound, house.person())
    await journey.give_password("theo")
    await enrol(journey, house.clock.now)
    signed_in = await journey.arrived()
    assert signed_in.amr == ["pwd", "otp", "mfa"]
    await assert_place(inbound, signed_in, [OPERATOR, NORTHERN, HARBOUR], reseller=NORTHERN)


async def test_sam_gets_a_text_message_on_sip_trunk_plus(house: House) -> None:
    portal, person = house.portal("sip-trunk-plus"), house.person()
    assert (await sign_in(house.portal("inbound"), person, "sam")).amr == ["pwd"]
    journey = await go_to(portal, person)
    await journey.press(code=(await house.text_to("+447700900118")).code)
    signed_in = await journey.arrived()
    assert signed_in.amr == ["pwd", "sms", "mfa"]
    path = [OPERATOR, NORTHERN, QUAYSIDE]
    await assert_place(portal, signed_in, path, reseller=NORTHERN, permissions=("use_2fa",))


async def test_nora_has_no_number_and_is_blocked_on_sip_trunk_plus(house: House) -> None:
    journey = await go_to(house.portal("sip-trunk-plus"), house.person())
    await journey.give_password("nora")
    assert "blocked" in journey.page.ids
    inbound = house.portal("inbound")
    signed_in = await sign_in(inbound, house.person(), "nora")
    path = [OPERATOR, NORTHERN, QUAYSIDE]
    await assert_place(inbound, signed_in, path, reseller=NORTHERN, permissions=("use_2fa",))


async def test_iris_has_a_temporary_password_waiting_in_the_outbox(house: House) -> None:
    mail = await house.mail_to("iris@demo.example")
    inbound = house.portal("inbound")
    journey = await go_to(inbound, house.person())
    await journey.give_password(mail.username, mail.password)
    await journey.press(new_password=CHOSEN)
    signed_in = await journey.arrived()
    await assert_place(inbound, signed_in, [OPERATOR, NORTHERN, HARBOUR], reseller=NORTHERN)


class TestMaxHasTwoAccounts:
    async def test_the_chooser_offers_both_with_their_reseller(self, house: House) -> None:
        journey = await go_to(house.portal("inbound"), house.person())
        await journey.give_password("max")
        assert journey.page.h1 == "Choose an account"
        offered = [label.text for label in journey.page.document.all("label")]
        assert offered == [
            "Harbour Dental EC-20017 under Northern Voice",
            "Quayside Legal EC-20018 under Northern Voice",
        ]
        await journey.press()  # nothing chosen
        assert journey.page.errors

    @pytest.mark.parametrize(("account", "permissions"), [(HARBOUR, ()), (QUAYSIDE, ("use_2fa",))])
    async def test_the_tokens_speak_of_the_chosen_account_only(
        self, house: House, account: Node, permissions: tuple[str, ...]
    ) -> None:
        inbound = house.portal("inbound")
        journey = await go_to(inbound, house.person())
        await journey.give_password("max")
        await journey.press(account=account[0])
        signed_in = await journey.arrived()
        path = [OPERATOR, NORTHERN, account]
        await assert_place(inbound, signed_in, path, reseller=NORTHERN, permissions=permissions)
        renewed = await inbound.refresh(signed_in)
        await assert_place(inbound, renewed, path, reseller=NORTHERN, permissions=permissions)

    async def test_on_sip_trunk_plus_the_account_decides_about_the_text_message(self, house: House) -> None:
        portal = house.portal("sip-trunk-plus")
        without = await go_to(portal, house.person())
        await without.give_password("max")
        await without.press(account="EC-20017")
        assert (await without.arrived()).amr == ["pwd"]
        with_text = await go_to(portal, house.person())
        await with_text.give_password("max")
        await with_text.press(account="EC-20018")
        await with_text.press(code=(await house.text_to("+447700900119")).code)
        assert (await with_text.arrived()).amr == ["pwd", "sms", "mfa"]

    async def test_the_choice_is_remembered_for_the_session_and_the_portal(self, house: House) -> None:
        person, inbound = house.person(), house.portal("inbound")
        journey = await go_to(inbound, person)
        await journey.give_password("max")
        await journey.press(account="EC-20017")
        await journey.arrived()
        again = await go_to(inbound, person)
        assert (await again.arrived()).claims["account"]["number"] == "EC-20017"
        elsewhere = await go_to(house.portal("sip-trunk-plus"), person)
        assert elsewhere.page.h1 == "Choose an account"
        anew = await go_to(inbound, person, prompt="select_account")
        assert anew.page.h1 == "Choose an account"
        await anew.press(account="EC-20018")
        assert (await anew.arrived()).claims["account"]["number"] == "EC-20018"
        silent = await go_to(house.portal("sip-trunk-plus"), person, prompt="none")
        with pytest.raises(AuthorizationRefused, match="account_selection_required"):
            await silent.arrived()

    async def test_a_portal_may_name_the_account(self, house: House) -> None:
        inbound = house.portal("inbound")
        by_number = await go_to(inbound, house.person(), account_hint="EC-20018")
        await by_number.give_password("max")
        signed_in = await by_number.arrived()
        assert signed_in.claims["account"]["number"] == "EC-20018"
        by_id = await go_to(inbound, house.person(), account_hint=signed_in.claims["account"]["id"])
        await by_id.give_password("max")
        assert (await by_id.arrived()).claims["account"]["number"] == "EC-20018"
        # Somebody else's account is none of the person's.
        foreign = await go_to(inbound, house.person(), account_hint="RS-10024")
        await foreign.give_password("max")
        assert foreign.page.h1 == "Choose an account"


class TestOtherPlacesInTheTree:
    async def test_below_a_sub_reseller_the_nearest_reseller_is_named(self, house: House) -> None:
        sub, client = ("RS-10025", "Harbour Voice", "reseller"), ("EC-20019", "Lighthouse Cafe", "end_client")
        await house.run(add_account, AddAccount(sub[0], sub[1], Kind.RESELLER, "RS-10023"))
        await house.run(add_account, AddAccount(client[0], client[1], Kind.END_CLIENT, sub[0]))
        await house.run(add_membership, AddMembership("dana", client[0], Role.ADMINISTRATOR))
        inbound = house.portal("inbound")
        journey = await go_to(inbound, house.person(), account_hint=client[0])
        await journey.give_password("dana")
        path = [OPERATOR, NORTHERN, sub, client]
        await assert_place(inbound, await journey.arrived(), path, reseller=sub, role="administrator")

    async def test_right_below_the_operator_there_is_no_reseller(self, house: House) -> None:
        client = ("EC-20020", "Town Hall", "end_client")
        await house.run(add_account, AddAccount(client[0], client[1], Kind.END_CLIENT, "OP-1"))
        await house.run(add_membership, AddMembership("dana", client[0]))
        inbound = house.portal("inbound")
        journey = await go_to(inbound, house.person(), account_hint=client[0])
        await journey.give_password("dana")
        await assert_place(inbound, await journey.arrived(), [OPERATOR, client], reseller=None)

    async def test_without_the_scope_nothing_is_said_of_the_account(self, house: House) -> None:
        inbound = house.portal("inbound")
        journey = await go_to(inbound, house.person(), scope="openid")
        await journey.give_password("dana")
        signed_in = await journey.arrived()
        userinfo = await inbound.userinfo(signed_in)
        access_token = await inbound.verifier.access_token(signed_in.access_token)
        for claims in (signed_in.claims, userinfo, access_token, await inbound.introspect(signed_in.access_token)):
            assert not {"account", "account_path", "reseller", "roles", "permissions", "email", "name"} & set(claims)
        assert set(userinfo) == {"sub"}
