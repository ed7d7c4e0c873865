"""The two ways to refuse an authorization request. They are different types, so that neither is taken for the other.

`Displayed` is a page of ours: client or redirect URI are not settled, and nothing redirects to an unverified URI (RFC 6749
§4.1.2.1). `Redirected` goes back to the client, at a URI that is registered for it.
"""

from __future__ import annotations

import re

from idp.errors import IdpError

NOT_LEGAL_IN_DESCRIPTION = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
DESCRIPTION_LENGTH = 300


class Displayed(IdpError):
    """Refused with a page, status 400. `code` is an OAuth error code or one of ours, `public` for the person, `hint` for the
    integrator; the hint may quote the request and is for escaping templates only."""

    def __init__(self, code: str, public: str, hint: str) -> None:
        self.code = code
        super().__init__(public, hint=hint, detail=f"{code}: {hint}")


class Redirected(IdpError):
    """Refused by an authorization error response (RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6).

    `trusted`: the client is one of the house's own. Any other client must not turn this address into an open redirector, so
    its person sees a page before leaving (RFC 9700 §4.11.2, SECURITY-CASES AZ42).
    """

    def __init__(
        self, redirect_uri: str, response_mode: str, state: str | None, error: str, description: str, *, trusted: bool
    ) -> None:
        self.redirect_uri = redirect_uri
        self.response_mode = response_mode
        self.state = state
        self.error = self.code = error
        self.description = legal_description(description)
        self.trusted = trusted
        super().__init__(
            "The portal sent a sign-in request that we cannot answer.", hint=self.description, detail=error
        )


def legal_description(text: str) -> str:
    """`error_description` in the characters that RFC 6749 Appendix A.8 allows, and of bounded length."""
    return NOT_LEGAL_IN_DESCRIPTION.sub("'", text)[:DESCRIPTION_LENGTH]
