"""Redirect URIs: what may be registered, and what a request may name. Simple string comparison (RFC 9700 §4.1.3)."""

from __future__ import annotations

from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
LOOPBACK_ADDRESSES = frozenset({"127.0.0.1", "::1"})
FORBIDDEN_SCHEMES = frozenset({"javascript", "data", "vbscript", "file", "about", "blob", "ftp", "ws", "wss", "mailto"})
MAX_LENGTH = 2048


class RedirectRefused(ValueError):
    """A redirect URI that must not be registered; the text says why."""


def check_registrable(uri: str, application_type: str = "web") -> None:
    """Refuses what could hand a code to somebody else. Raises `RedirectRefused`.

    Only plain ASCII without blanks, controls, backslashes, user information, wildcards, dot segments or encoded ones gets
    in: every trick of SECURITY-CASES AZ05-AZ07 is a disagreement between two URI parsers, so what two parsers could read
    in two ways is not accepted at all.
    """
    if not uri or len(uri) > MAX_LENGTH:
        raise RedirectRefused("A redirect URI has between 1 and 2048 characters.")
    if not uri.isascii() or any(c <= " " or c in '\\"<>^`{|}*\x7f' for c in uri):
        raise RedirectRefused(f"{uri!r} holds characters that do not belong into a URI.")
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError as error:
        raise RedirectRefused(f"{uri!r} is not a URI.") from error
    if "#" in uri:
        raise RedirectRefused(f"{uri!r} has a fragment (RFC 6749 §3.1.2 forbids one).")
    scheme = uri.split(":", 1)[0]
    if scheme != scheme.lower() or scheme in FORBIDDEN_SCHEMES:
        raise RedirectRefused(f"{uri!r}: this scheme cannot be a redirect target.")
    if parts.scheme in ("http", "https"):
        _check_web(uri, parts.netloc, parts.hostname, parts.path, port, parts.scheme)
    elif application_type != "native" or "." not in scheme or parts.netloc:
        raise RedirectRefused(
            f"{uri!r}: only native apps use a scheme of their own, in reverse domain form (RFC 8252 §7.1)."
        )


def _check_web(uri: str, netloc: str, host: str | None, path: str, port: int | None, scheme: str) -> None:
    if not host or "@" in netloc or netloc != netloc.lower() or host.endswith("."):
        raise RedirectRefused(f"{uri!r}: name the host plainly, in lower case, without user information.")
    if "%" in netloc or any(label.startswith("xn--") for label in host.split(".")):
        raise RedirectRefused(f"{uri!r}: encoded or look-alike host names are not accepted.")
    if port == 0:
        raise RedirectRefused(f"{uri!r}: port 0 is no port.")
    lowered = path.lower()
    if ".." in lowered or "%2e" in lowered or "%2f" in lowered or "%5c" in lowered or ";" in lowered or "//" in lowered:
        raise RedirectRefused(f"{uri!r}: the path holds segments that servers read in different ways.")
    if scheme == "http" and host not in LOOPBACK:
        raise RedirectRefused(f"{uri!r}: http is for localhost, 127.0.0.1 and [::1] only. Use https.")


def matches(requested: str, registered: tuple[str, ...], application_type: str = "web") -> bool:
    """Whether a request may be answered at `requested`: equal to a registered URI, character by character.

    Native apps may use another port of a registered loopback *address* (RFC 8252 §7.3); a name such as localhost is not
    covered by that exception, because a resolver could lead it elsewhere.
    """
    if requested in registered:
        return True
    if application_type != "native":
        return False
    try:
        check_registrable(requested, application_type)
    except RedirectRefused:
        return False
    asked = urlsplit(requested)
    if asked.scheme != "http" or asked.hostname not in LOOPBACK_ADDRESSES:
        return False
    return any(
        (known.scheme, known.hostname, known.path, known.query)
        == (asked.scheme, asked.hostname, asked.path, asked.query)
        for known in map(urlsplit, registered)
    )


def origin(uri: str) -> str:
    """What a Content-Security-Policy `form-action` names for this redirect: its origin, or its scheme for an app's own."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
