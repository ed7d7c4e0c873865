"""Sealed values and keyed digests: what opens where, and what a change of keys leaves standing."""

from __future__ import annotations

import base64

import pytest

from idp.adapters.sealing import SealingRing, new_key
from idp.errors import ConfigurationError, WrongSealingKey
from idp.ports import Mac, Sealer
from tests.support.ports import SeededEntropy

OLD = new_key("2025", SeededEntropy(1))
NEW = new_key("2026", SeededEntropy(2))
PLACE = "totp:secret:usr_1"


def ring(*keys: str, seed: int = 9) -> SealingRing:
    return SealingRing(keys, SeededEntropy(seed))


def test_a_ring_is_both_ports() -> None:
    sealer: Sealer = ring(OLD)
    mac: Mac = ring(OLD)
    assert sealer.open(sealer.seal(b"", PLACE), PLACE) == b""
    assert len(mac.digest("sms")) == 32


def test_a_sealed_value_hides_its_content_and_opens_in_its_place() -> None:
    sealed = ring(OLD).seal(b"JBSWY3DPEHPK3PXP", PLACE)
    assert b"JBSWY3DP" not in sealed
    assert ring(OLD).open(sealed, PLACE) == b"JBSWY3DPEHPK3PXP"


def test_the_same_secret_never_looks_the_same() -> None:
    sealer = ring(OLD)
    assert sealer.seal(b"secret", PLACE) != sealer.seal(b"secret", PLACE)


def test_f41_another_key_does_not_open_it() -> None:
    with pytest.raises(WrongSealingKey, match="not configured"):
        ring(NEW).open(ring(OLD).seal(b"secret", PLACE), PLACE)


def test_f41_other_bytes_under_the_same_key_id_do_not_open_it() -> None:
    impostor = new_key("2025", SeededEntropy(3))
    with pytest.raises(WrongSealingKey, match="other key bytes"):
        ring(impostor).open(ring(OLD).seal(b"secret", PLACE), PLACE)


def test_a_value_moved_to_another_row_does_not_open() -> None:
    with pytest.raises(WrongSealingKey, match="totp:secret:usr_2"):
        ring(OLD).open(ring(OLD).seal(b"secret", PLACE), "totp:secret:usr_2")


def test_no_altered_or_shortened_value_opens() -> None:
    sealed = ring(OLD).seal(b"secret", PLACE)
    altered = [sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in range(len(sealed))]
    for broken in [*altered, *(sealed[:length] for length in range(len(sealed))), sealed + b"\0"]:
        with pytest.raises(WrongSealingKey):
            ring(OLD).open(broken, PLACE)


def test_f40_after_a_rotation_old_values_open_and_new_ones_are_under_the_new_key() -> None:
    before, after = ring(OLD), ring(NEW, OLD)
    old_value, new_value = before.seal(b"old", PLACE), after.seal(b"new", PLACE)
    assert after.open(old_value, PLACE) == b"old"
    assert (after.is_current(old_value), after.is_current(new_value)) == (False, True)
    assert ring(OLD, NEW).open(new_value, PLACE) == b"new"
    with pytest.raises(WrongSealingKey):
        before.open(new_value, PLACE)


def test_a_digest_is_the_same_everywhere_and_other_for_every_purpose_key_and_part() -> None:
    digests = [
        ring(OLD).digest("sms", "usr_1", "123456"),
        ring(OLD).digest("recovery", "usr_1", "123456"),
        ring(NEW).digest("sms", "usr_1", "123456"),
        ring(OLD).digest("sms", "usr_1", "123457"),
        ring(OLD).digest("sms", "usr_11", "23456"),
        ring(OLD).digest("sms", "usr_1123456"),
        ring(OLD).digest("sms", "usr_1", "123456", ""),
    ]
    assert len(set(digests)) == len(digests)
    assert ring(OLD, seed=4).digest("sms", "usr_1", "123456") == digests[0]


def test_digests_holds_what_every_key_would_have_stored_newest_first() -> None:
    both = ring(NEW, OLD).digests("recovery", "usr_1", "code")
    assert both == (ring(NEW).digest("recovery", "usr_1", "code"), ring(OLD).digest("recovery", "usr_1", "code"))


def test_lg11_a_digest_has_an_answer_for_every_text() -> None:
    assert ring(OLD).digest("throttle", "\ud800") != ring(OLD).digest("throttle", "\udfff")


def encoded(root: bytes) -> str:
    return base64.b64encode(root).decode()


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [""],
        ["no colon"],
        [f":{encoded(bytes(32))}"],
        [f"spaced id:{encoded(bytes(32))}"],
        [f"{'k' * 33}:{encoded(bytes(32))}"],
        [f"k1:{encoded(bytes(31))}"],
        [f"k1:{encoded(bytes(33))}"],
        ["k1:not base64 at all"],
        [OLD, "k2:"],
        [OLD, OLD],
        [OLD, f"2025:{encoded(bytes(32))}"],
        [OLD, OLD.replace("2025", "2026")],
    ],
)
def test_keys_that_are_none_are_refused_by_name_and_never_repeated(keys: list[str]) -> None:
    with pytest.raises(ConfigurationError, match=r"secrets\.sealing_keys") as caught:
        ring(*keys)
    assert not any(
        len(key) > 3 and key.partition(":")[2] in str(caught.value) for key in keys if ":" in key and key[-1] != ":"
    )
