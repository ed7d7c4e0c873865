"""`openid-client`, the certified library for Node, as a portal's back end."""

from __future__ import annotations

import pytest

from idp.demo.world import API_CLIENT, API_SECRET
from tests.clients.node_script import node_script
from tests.flows.journeys import PASSWORD
from tests.support.house import CALLBACK, SIGNED_OUT, House
from tests.support.relying_party import read_answer

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
async def test_openid_client_signs_in_renews_asks_revokes_and_signs_out(house: House, alg: str) -> None:
    portal = await house.client("node-portal", id_token_signed_response_alg=alg)
    async with node_script("openid_client.mjs") as script:
        await script.say(
            {
                "issuer": house.issuer,
                "scope": "openid profile email account",
                "portal": {
                    "id": portal.client_id,
                    "secret": portal.secret,
                    "alg": alg,
                    "redirectUri": CALLBACK,
                    "signedOutUri": SIGNED_OUT,
                },
                "api": {"id": API_CLIENT, "secret": API_SECRET},
            }
        )
        person = house.person()
        tab = await person.open((await script.hear())["open"])
        await tab.press("continue", username="dana", password=PASSWORD)
        await script.say({"arrival": tab.arrival})
        outcome = await script.hear()

    assert outcome["claims"]["amr"] == ["pwd"]
    assert outcome["claims"]["account"]["number"] == "EC-20017"
    assert outcome["userinfo"]["preferred_username"] == "dana"
    assert outcome["userinfo"]["email"] == "dana@demo.example"
    assert outcome["rotated"]
    assert outcome["renewedClaims"]["sub"] == outcome["claims"]["sub"]
    assert outcome["before"]["active"]
    assert outcome["before"]["username"] == "dana"
    assert outcome["after"] == {"active": False}
    assert outcome["refused"] == {"code": "OAUTH_RESPONSE_BODY_ERROR", "error": "invalid_grant", "status": 400}
    assert outcome["own"] == {"type": "bearer", "scope": "accounts:read", "expiresIn": 600}

    await tab.open(outcome["end"])
    assert read_answer(tab.arrival, SIGNED_OUT) == {"state": "bye"}
