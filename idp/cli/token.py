"""`idp token`."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Any

import typer

from idp.bootstrap import Runtime
from idp.cli.code_flow import Wanted, tokens_for
from idp.cli.house import with_house
from idp.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from idp.cli.output import print_facts, print_json
from idp.demo.world import PASSWORD, PORTALS
from idp.domain.clients import AuthMethod, Client
from idp.errors import IdpError
from idp.services.clients import get_client

app = typer.Typer()

JWT_PARTS = 3


@app.command()
def token(
    client: Annotated[str, typer.Option("--client", metavar="ID", help="The client that asks.")],
    user: Annotated[str, typer.Option("--user", metavar="NAME", help="The person who signs in.")],
    password: Annotated[
        str, typer.Option("--password", help="The person's password.", show_default="that of the demo's people")
    ] = PASSWORD,
    client_secret: Annotated[
        str | None, typer.Option("--client-secret", help="Known already for the demo's portals.")
    ] = None,
    scope: Annotated[str | None, typer.Option("--scope", show_default="all that the client may have")] = None,
    account: Annotated[str, typer.Option("--account", metavar="NUMBER", help="For people with several.")] = "",
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Get tokens by a real code flow without a browser. In the demo only.

    It fills in the pages as a person would, second factors included. With --json it prints the token response as it came.
    """

    async def work(house: Runtime) -> dict[str, Any]:
        if not house.settings.is_demo:
            raise IdpError(
                'idp token is for profile = "demo". It would need people\'s passwords and factors elsewhere.'
            )
        found = await get_client(house.store, client)
        secret = client_secret if client_secret is not None else _known_secret(found)
        wanted = Wanted(found, user, password, secret, scope if scope is not None else found.scope, account)
        return await tokens_for(house, wanted)

    answer = with_house(config, work)
    if as_json:
        print_json(answer)
        return
    for name in ("id_token", "access_token"):
        if (claims := _claims(answer.get(name, ""))) is not None:
            print(f"{name}: {json.dumps(claims, indent=2)}\n")
    print_facts(answer)


def _known_secret(client: Client) -> str:
    """Raises `errors.IdpError` when the client needs a secret that only its owner knows."""
    if not client.allows_grant("authorization_code"):
        raise IdpError(f"{client.client_id} signs nobody in: it has no authorization_code grant.")
    if client.auth_method is AuthMethod.NONE:
        return ""
    if client.auth_method is AuthMethod.PRIVATE_KEY_JWT:
        raise IdpError(f"{client.client_id} proves itself with a key of its own. Choose another client.")
    portal = next((portal for portal in PORTALS if portal.client_id == client.client_id), None)
    if portal is None:
        raise IdpError(f"Name the secret of {client.client_id} with --client-secret: only its hash is stored.")
    return portal.secret


def _claims(jwt: str) -> dict[str, Any] | None:
    """What a JWT says, unverified: it came from this process."""
    parts = jwt.split(".")
    if len(parts) != JWT_PARTS:
        return None
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
    return claims
