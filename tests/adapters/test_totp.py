"""Authenticator codes against RFC 6238, and the window around now."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from idp.adapters.totp import PyotpTotp
from idp.ports import Totp
from tests.support.ports import SeededEntropy

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
"""RFC 6238 appendix B; its codes have eight digits, of which ours are the last six."""
NOW = 1_111_111_111


@pytest.fixture
def totp() -> Totp:
    return PyotpTotp(SeededEntropy())


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_the_codes_of_rfc_6238(totp: Totp, moment: int, code: str) -> None:
    assert totp.matching_step(RFC_SECRET, code[-6:], moment, back=0, ahead=0) == moment // 30


@pytest.mark.parametrize(
    ("away", "back", "ahead", "is_inside"),
    [
        (0, 0, 0, True),
        (-1, 1, 0, True),
        (-1, 0, 0, False),
        (-2, 1, 0, False),
        (1, 1, 0, False),
        (1, 1, 1, True),
        (-10, 10, 10, True),
        (10, 10, 10, True),
        (11, 10, 10, False),
    ],
)
def test_to04_a_code_counts_inside_the_window_and_names_its_own_step(
    totp: Totp, away: int, back: int, ahead: int, is_inside: bool
) -> None:
    step = NOW // 30
    code = "050471"
    now = NOW - away * 30
    assert totp.matching_step(RFC_SECRET, code, now, back=back, ahead=ahead) == (step if is_inside else None)


@pytest.mark.parametrize("code", ["050472", "", "50471", "0504710", "０５０４７１", " 050471"])
def test_to20_nothing_but_the_six_digits_matches(totp: Totp, code: str) -> None:
    assert totp.matching_step(RFC_SECRET, code, NOW, back=1, ahead=1) is None


def test_the_window_ends_at_the_epoch(totp: Totp) -> None:
    assert totp.matching_step(RFC_SECRET, "000000", 10, back=10, ahead=0) is None


def test_a_new_secret_has_160_bits_in_base32_without_padding(totp: Totp) -> None:
    secret = totp.new_secret()
    assert len(secret) == 32
    assert len(base64.b32decode(secret)) == 20
    assert totp.new_secret() != secret


def test_the_key_uri_is_what_authenticator_apps_read(totp: Totp) -> None:
    uri = urlsplit(totp.provisioning_uri(RFC_SECRET, "500 Telecom", "theo@harbour: dental"))
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert unquote(uri.path) == "/500 Telecom:theo@harbour: dental"
    assert uri.path.count(":") == 1
    assert parse_qs(uri.query) == {"secret": [RFC_SECRET], "issuer": ["500 Telecom"]}
