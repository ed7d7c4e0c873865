"""Errors that only HTTP knows. What they look like stands with all others in `idp.web.errors`."""

from __future__ import annotations

from idp.errors import IdpError


class UnknownHost(IdpError):
    """A `Host` header that is missing, doubled, malformed or not the issuer's."""

    code = "unknown_host"
    public = "This address does not belong to the sign-in service."


class Malformed(IdpError):
    """A request that no browser and no library of ours sends."""

    code = "malformed"
    public = "Your browser sent something that we could not read."


class CrossSite(IdpError):
    """A form that another site posted, or that nothing proves to be ours (SECURITY-CASES LG14, SE07)."""

    code = "cross_site"
    public = "We could not tell that this form came from you, so nothing was changed."


class BodyTooLarge(IdpError):
    code = "body_too_large"
    public = "What your browser sent is larger than anything this page asks for."


class BodyUnsupported(IdpError):
    """A body in a form that is not `application/x-www-form-urlencoded` in UTF-8, or compressed."""

    code = "body_unsupported"
    public = "This address takes an ordinary web form only."


class TooSlow(IdpError):
    """The request did not arrive, or was not answered, within its deadline."""

    code = "too_slow"
    public = "That took too long, and we stopped waiting."


class SignInLinkBroken(IdpError):
    """An authorization request that must not be answered at its redirect URI (RFC 6749 §4.1.2.1)."""

    code = "sign_in_link"


class SignOutLinkBroken(IdpError):
    """A logout request that must not be answered at its post-logout redirect URI (RP-Initiated Logout §4)."""

    code = "sign_out_link"
