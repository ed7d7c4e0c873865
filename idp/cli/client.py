"""`idp client`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from idp.bootstrap import Runtime
from idp.cli.client_check import Finding, check_client
from idp.cli.house import with_house
from idp.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from idp.cli.output import print_facts, print_json, print_table
from idp.config import ClientEntry, read_client_files
from idp.domain.clients import AuthMethod, Client, SecondFactor
from idp.domain.rules import DAY, HOUR
from idp.errors import Conflict, IdpError, InvalidInput
from idp.services import clients
from idp.services.clients import Registered, registration_response

app = typer.Typer(no_args_is_help=True, help="Portals and other programs that people sign in to.")

ClientId = Annotated[str, typer.Argument(metavar="ID", help="The client id.")]
Texts = list[str]
SECRET_ONCE = "The secret is shown this once: only a hash of it is stored."  # noqa: S105 - not a secret


@app.command()
def add(
    client_id: Annotated[str, typer.Option("--id", help="The client id, which must be free.")],
    name: Annotated[str, typer.Option("--name", help="The name that people see.")],
    redirect_uri: Annotated[
        Texts | None, typer.Option("--redirect-uri", metavar="URI", help="Where sign-ins are answered, exactly.")
    ] = None,
    post_logout_redirect_uri: Annotated[
        Texts | None, typer.Option("--post-logout-redirect-uri", metavar="URI", help="Where people go after sign-out.")
    ] = None,
    backchannel_logout_uri: Annotated[
        str | None, typer.Option("--backchannel-logout-uri", metavar="URI", help="What is called when a session ends.")
    ] = None,
    auth_method: Annotated[
        AuthMethod, typer.Option("--auth-method", help="How the client proves itself. none: a public client.")
    ] = AuthMethod.BASIC,
    jwks: Annotated[
        Path | None, typer.Option("--jwks", metavar="FILE", help="Its public keys, for private_key_jwt.")
    ] = None,
    grant: Annotated[
        Texts | None,
        typer.Option(
            "--grant",
            help="authorization_code, refresh_token, client_credentials.",
            show_default="authorization_code refresh_token",
        ),
    ] = None,
    scope: Annotated[
        str | None, typer.Option("--scope", help="The scopes it may ask for.", show_default="all standard ones")
    ] = None,
    second_factor: Annotated[
        SecondFactor, typer.Option("--second-factor", help="The channel for a second factor; not a mandate.")
    ] = SecondFactor.NONE,
    third_party: Annotated[bool, typer.Option("--third-party", help="People are asked for consent.")] = False,
    no_pkce: Annotated[bool, typer.Option("--no-pkce", help="For old clients with a secret only.")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Register a client. With --json this prints the registration response of RFC 7591, the secret this once."""
    metadata: dict[str, Any] = {
        "client_id": client_id,
        "client_name": name,
        "redirect_uris": redirect_uri or [],
        "post_logout_redirect_uris": post_logout_redirect_uri or [],
        "token_endpoint_auth_method": auth_method.value,
        "policy": {
            "second_factor": second_factor.value,
            "first_party": not third_party,
            "require_pkce": not no_pkce,
        },
    }
    if grant:
        metadata["grant_types"] = grant
    if scope is not None:
        metadata["scope"] = scope
    if backchannel_logout_uri is not None:
        metadata["backchannel_logout_uri"] = backchannel_logout_uri
    if jwks is not None:
        metadata["jwks"] = _json_file(jwks)

    async def work(house: Runtime) -> tuple[Registered, str]:
        command = clients.RegisterClient(metadata)
        return await clients.register_client(house.store, house.ports, command), house.settings.server.issuer

    registered, issuer = with_house(config, work)
    answer = registration_response(registered.client, registered.secret)
    if as_json:
        print_json(answer)
        return
    print_facts({"discovery": f"{issuer}/.well-known/openid-configuration"} | _facts(answer))
    if registered.secret:
        print(SECRET_ONCE)


@app.command()
def apply(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A TOML or JSON file, or a folder of them.")],
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Make clients as files describe them, with RFC 7591 names. Doing it twice changes nothing.

    A secret stands in the file of client_secret_file; without one it is generated for a new client and shown this once.
    """
    entries = read_client_files(path)
    outcomes = with_house(config, lambda house: _apply(house, entries))
    if as_json:
        print_json(outcomes)
    else:
        table = [(o["client_id"], o["outcome"], o.get("client_secret", ""), o.get("reason", "")) for o in outcomes]
        print_table(("client", "outcome", "secret", "reason"), table, nothing="The files hold no clients.")
        if any("client_secret" in outcome for outcome in outcomes):
            print(SECRET_ONCE)
    if any(outcome["outcome"] == "refused" for outcome in outcomes):
        raise typer.Exit(1)


@app.command("list")
def list_clients(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """List all clients."""

    async def work(house: Runtime) -> list[Client]:
        return await clients.list_clients(house.store)

    found = with_house(config, work)
    if as_json:
        print_json([registration_response(client) for client in found])
        return
    print_table(
        ("id", "name", "authentication", "second factor", "status"),
        [(c.client_id, c.client_name, c.auth_method, c.policy.second_factor, c.status) for c in found],
        nothing="There are no clients.",
    )


@app.command()
def show(client_id: ClientId, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Show one client."""

    async def work(house: Runtime) -> Client:
        return await clients.get_client(house.store, client_id)

    answer = registration_response(with_house(config, work))
    if as_json:
        print_json(answer)
    else:
        print_facts(_facts(answer))


@app.command("rotate-secret")
def rotate_secret(
    client_id: ClientId,
    overlap_hours: Annotated[
        int, typer.Option("--overlap-hours", min=0, max=720, help="How long the present secret still works.")
    ] = 7 * DAY // HOUR,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Give a client a new secret. The present one works on for a week, so that it can be changed over."""

    async def work(house: Runtime) -> Registered:
        command = clients.RotateSecret(client_id, overlap_hours * HOUR)
        return await clients.rotate_secret(house.store, house.ports, command)

    registered = with_house(config, work)
    if as_json:
        print_json(registration_response(registered.client, registered.secret))
    else:
        print_facts({"client_id": client_id, "client_secret": registered.secret})
        print(SECRET_ONCE)


@app.command("test")
def check(client_id: ClientId, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Try what a client needs: our discovery document, its redirect URIs and its logout address, from this machine."""

    async def work(house: Runtime) -> list[Finding]:
        client = await clients.get_client(house.store, client_id)
        return await check_client(house.settings.server.issuer, client, house.settings.outbound.ca_bundle)

    findings = with_house(config, work)
    if as_json:
        print_json([{"what": f.what, "ok": f.ok, "detail": f.detail} for f in findings])
    else:
        print_table(("what", "ok", "detail"), [(f.what, f.ok, f.detail) for f in findings], nothing="")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


async def _apply(house: Runtime, entries: tuple[ClientEntry, ...]) -> list[dict[str, str]]:
    """Each client by itself: one that is refused does not keep the others away."""
    outcomes = []
    for entry in entries:
        outcome = {"client_id": str(entry.metadata.get("client_id", entry.origin))}
        try:
            applied = await clients.apply_client(house.store, house.ports, clients.ApplyClient(entry.metadata))
        except (InvalidInput, Conflict) as refusal:
            outcome |= {"outcome": "refused", "reason": f"{entry.origin}: {refusal.public}"}
        else:
            outcome["outcome"] = applied.outcome.value
            if applied.secret is not None:
                outcome["client_secret"] = applied.secret
        outcomes.append(outcome)
    return outcomes


def _json_file(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise IdpError(f"{file} cannot be read as JSON. Correct the path or the file.", detail=str(error)) from error


def _facts(answer: dict[str, Any]) -> dict[str, Any]:
    """A registration response for people: the policy's settings beside the rest, structured values as JSON."""
    flat = {name: value for name, value in answer.items() if name != "policy"}
    flat |= {f"policy.{name}": value for name, value in answer["policy"].items()}
    return {name: json.dumps(value) if isinstance(value, dict) else value for name, value in flat.items()}
