"""From the words of OpenID Connect to those of the ladder: what a request demands of the sign-in."""

from __future__ import annotations

from idp.domain.assurance import Asked, level_of_acr
from idp.oidc.authorization.request import AuthorizationRequest


def asked(request: AuthorizationRequest, issuer: str) -> Asked:
    """The demands of a request that is about to become a login.

    `acr_values` is a voluntary wish, so unknown values are skipped; an `acr` in `claims` replaces it and may be essential
    (OIDC Core §5.5.1.1). An essential one names a known value here: `read_request` refuses the others.
    """
    acr = request.asked_claim("id_token", "acr") or {}
    wanted = acr.get("values") or ([acr["value"]] if "value" in acr else request.acr_values)
    levels = [level for value in wanted if (level := level_of_acr(value, issuer)) is not None]
    return Asked(
        levels=tuple(dict.fromkeys(levels)),
        essential=bool(acr.get("essential")) and bool(levels),
        fresh="login" in request.prompt,
        max_age=request.max_age,
        scopes=request.scopes,
        consent="consent" in request.prompt,
        account_hint=request.account_hint or "",
        select_account="select_account" in request.prompt,
        subject=request.subject or "",
    )
