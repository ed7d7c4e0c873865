"""Redirect URIs: what may be registered, and what a request may name. Simple string comparison (RFC 9700 §4.1.3).

Every trick of SECURITY-CASES AZ05-AZ07 is a disagreement between two readers of one URI, so whatever two readers could
read in two ways is not accepted at all.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, parse_qsl, urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_LENGTH = 2048

URI_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()+,;=%]+", re.ASCII)
"""RFC 3986 §2 without `#` (no fragment, RFC 6749 §3.1.2) and `*` (no pattern); `|`, `^`, `\\` and the like are in no URI."""
BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
ESCAPED_CONTROL = re.compile(r"%([01][0-9A-Fa-f]|7[Ff])")
HOST_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
APP_URI = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:/([^/].*)?")
"""A native app's own scheme in reverse domain form, one slash, no host (RFC 8252 §7.1). The dot in it keeps `javascript:`,
`data:` and every other scheme with a meaning out."""
LOOPBACK_URI = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::[0-9]+)?((?:[/?].*)?)")
AMBIGUOUS_IN_PATH = ("..", "//", ";", "[", "]", "%2e", "%2f", "%5c", "%25")
ANSWER_NAMES = frozenset(
    {"code", "state", "iss", "error", "error_description", "error_uri", "response", "session_state"}
    | {"id_token", "access_token", "token_type", "expires_in", "scope"}
)
"""Parameters of an authorization response. One that stands in the registered query already would arrive twice, and the
client might believe the wrong one."""


class RedirectRefused(ValueError):
    """A redirect URI that must not be registered; the text says why."""


def check_registrable(uri: str, application_type: str = "web") -> None:
    """Refuses what could hand a code to somebody else. Raises `RedirectRefused`."""
    if not uri or len(uri) > MAX_LENGTH:
        raise RedirectRefused("A redirect URI has between 1 and 2048 characters.")
    if "#" in uri:
        raise RedirectRefused(f"{uri!r} has a fragment (RFC 6749 §3.1.2 forbids one).")
    if not URI_CHARACTERS.fullmatch(uri) or BROKEN_ESCAPE.search(uri) or ESCAPED_CONTROL.search(uri):
        raise RedirectRefused(f"{uri!r} holds characters that do not belong into a URI.")
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError as error:
        raise RedirectRefused(f"{uri!r} is not a URI.") from error
    if uri.startswith(("http://", "https://")):
        _check_host(uri, parts, port)
    elif application_type != "native" or not APP_URI.fullmatch(uri):
        raise RedirectRefused(
            f"{uri!r}: use https. Only native apps have a scheme of their own, as in com.example.app:/path (RFC 8252 §7.1)."
        )
    _check_path_and_query(uri, parts)


def _check_host(uri: str, parts: SplitResult, port: int | None) -> None:
    host = parts.hostname or ""
    plain = (f"[{host}]" if ":" in host else host) + ("" if port is None else f":{port}")
    if parts.netloc != plain or port == 0:  # user information, upper case, an empty port, port 0443
        raise RedirectRefused(f"{uri!r}: name the host plainly: lower case, no user information, an ordinary port.")
    if not (_is_plain_address(host) or _is_plain_name(host)):
        raise RedirectRefused(f"{uri!r}: the host is not a plain name or address; look-alikes are not accepted.")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise RedirectRefused(f"{uri!r}: http is for localhost, 127.0.0.1 and [::1] only. Use https.")


def _is_plain_address(host: str) -> bool:
    """An address in its one canonical spelling, without a zone; an IPv4 address dressed as IPv6 is none."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and (address.ipv4_mapped or address.scope_id):
        return False
    return str(address) == host


def _is_plain_name(host: str) -> bool:
    """A name in ASCII labels. `xn--` labels may look like another name, and browsers read `0x7f.1` or `127.1` as addresses."""
    labels = host.split(".")
    return (
        len(host) <= 253
        and all(HOST_LABEL.fullmatch(label) and not label.startswith("xn--") for label in labels)
        and not labels[-1][0].isdigit()
    )


def _check_path_and_query(uri: str, parts: SplitResult) -> None:
    lowered = parts.path.lower()
    if any(sign in lowered for sign in AMBIGUOUS_IN_PATH) or "." in lowered.split("/"):
        raise RedirectRefused(f"{uri!r}: the path holds segments that servers read in different ways.")
    if ANSWER_NAMES & {name for name, _ in parse_qsl(parts.query.replace(";", "&"), keep_blank_values=True)}:
        raise RedirectRefused(f"{uri!r}: the query names a parameter of the authorization response.")


def matches(requested: str, registered: tuple[str, ...], application_type: str = "web") -> bool:
    """Whether a request may be answered at `requested`: equal to a registered URI, character by character.

    Native apps may use another port of a registered loopback *address* (RFC 8252 §7.3); a name such as localhost is not
    covered by that exception, because a resolver could lead it elsewhere. A URI that got into the register past
    `check_registrable` is still not answered.
    """
    try:
        check_registrable(requested, application_type)
    except RedirectRefused:
        return False
    if requested in registered:
        return True
    asked = _without_loopback_port(requested)
    return application_type == "native" and asked is not None and asked in map(_without_loopback_port, registered)


def _without_loopback_port(uri: str) -> str | None:
    """The URI less its port when it is http at a loopback address, else None. Text, not parsed parts: `/cb?` is not `/cb`."""
    found = LOOPBACK_URI.fullmatch(uri)
    return found[1] + found[2] if found else None


def origin(uri: str) -> str:
    """What a Content-Security-Policy `form-action` names for this redirect: its origin, or its scheme for an app's own."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
