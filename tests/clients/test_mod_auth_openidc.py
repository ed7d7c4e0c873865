"""`mod_auth_openidc` in Apache, which signs people in for an application that knows nothing of OpenID Connect."""

from __future__ import annotations

import secrets

import pytest

from tests.clients.visitor import visiting
from tests.flows.journeys import PASSWORD
from tests.support.apache import Apache, running_apache
from tests.support.house import House
from tests.support.network import free_port
from tests.support.relying_party import read_answer

pytestmark = pytest.mark.slow


async def test_mod_auth_openidc_lets_in_who_signed_in_and_signs_out(house: House) -> None:
    port = free_port()
    site = f"http://localhost:{port}"
    callback = f"{site}{Apache.protected}/callback"
    client = await house.client("apache", redirect_uris=[callback], post_logout_redirect_uris=[f"{site}/"])
    openidc = {
        "OIDCProviderMetadataURL": f"{house.issuer}/.well-known/openid-configuration",
        "OIDCClientID": client.client_id,
        "OIDCClientSecret": client.secret or "",
        "OIDCRedirectURI": callback,
        "OIDCCryptoPassphrase": secrets.token_hex(32),
        "OIDCScope": "openid profile account",
        "OIDCPKCEMethod": "S256",
        "OIDCRemoteUserClaim": "preferred_username",
        "OIDCIDTokenSignedResponseAlg": "RS256",
    }
    async with running_apache(port, openidc), visiting(site) as visitor:
        asked = await visitor.leave(f"{Apache.protected}/")
        assert "code_challenge_method=S256" in asked
        tab = await house.person().open(asked)
        await tab.press("continue", username="dana", password=PASSWORD)
        page = await visitor.page(tab.arrival)
        assert '<p id="user">dana</p>' in page
        assert "EC-20017" in page
        assert f"{house.issuer}/acr/pwd" in page

        await tab.open(await visitor.leave(f"{callback}?logout={site}/"))
        assert read_answer(tab.arrival, f"{site}/") == {}
        await tab.open(await visitor.leave(f"{Apache.protected}/"))  # the application's session is over
        assert "password" in tab.page.ids  # and so is the one at the provider
