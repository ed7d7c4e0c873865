"""The authorization endpoint without HTTP: a request becomes a value, a demand on the sign-in, a grant and an answer.

Everything slow or stored (the client, the keys) is loaded before; what is here are functions of their arguments.
"""

from idp.oidc.authorization.answers import FormPost, Redirect, code_answer, error_answer
from idp.oidc.authorization.demands import asked
from idp.oidc.authorization.granting import new_grant
from idp.oidc.authorization.reading import client_id_of, read_request
from idp.oidc.authorization.refusals import Displayed, Redirected
from idp.oidc.authorization.request import AuthorizationRequest

__all__ = [
    "AuthorizationRequest",
    "Displayed",
    "FormPost",
    "Redirect",
    "Redirected",
    "asked",
    "client_id_of",
    "code_answer",
    "error_answer",
    "new_grant",
    "read_request",
]
