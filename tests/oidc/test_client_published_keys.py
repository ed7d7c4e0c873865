"""Keys that clients publish at `jwks_uri`: fetched through one guarded way, kept, and looked for again with measure."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from idp.oidc.client_keys import KEPT_SECONDS, LOOK_AGAIN_SECONDS
from tests.oidc.house import House
from tests.oidc.signer import EC, JWKS, JWKS_URI, OTHER, PUBLISHING, Signer
from tests.support.tokens import unsigned


@pytest.fixture
def publisher(signer: Signer) -> Signer:
    signer.house.shelf.documents[JWKS_URI] = json.dumps(JWKS).encode()
    return Signer(signer.house, "publishing")


def publish(house: House, *keys: dict[str, Any]) -> None:
    house.shelf.documents[JWKS_URI] = json.dumps({"keys": keys}).encode()


async def test_published_keys_are_fetched_once_and_kept(publisher: Signer) -> None:
    for _ in range(3):
        await publisher.is_accepted(publisher.assertion())
    assert publisher.house.shelf.fetched == [JWKS_URI]
    publisher.house.clock.advance(KEPT_SECONDS)
    await publisher.is_accepted(publisher.assertion())
    assert len(publisher.house.shelf.fetched) == 2


async def test_checklist_41_a_rotated_key_is_fetched_and_strangers_make_nobody_fetch_often(publisher: Signer) -> None:
    house = publisher.house
    await publisher.is_accepted(publisher.assertion())
    publish(house, OTHER.as_dict(private=False))
    house.clock.advance(LOOK_AGAIN_SECONDS)
    await publisher.is_accepted(publisher.assertion(key=OTHER))
    assert len(house.shelf.fetched) == 2
    await asyncio.gather(*(publisher.is_refused(publisher.assertion(header={"kid": f"k{n}"})) for n in range(20)))
    assert len(house.shelf.fetched) == 2
    house.clock.advance(LOOK_AGAIN_SECONDS)
    await asyncio.gather(*(publisher.is_refused(publisher.assertion(header={"kid": f"k{n}"})) for n in range(20)))
    assert len(house.shelf.fetched) == 3
    await publisher.is_accepted(publisher.assertion(key=OTHER))


async def test_a_client_that_cannot_be_asked_is_believed_by_what_is_known(publisher: Signer) -> None:
    house = publisher.house
    await publisher.is_accepted(publisher.assertion())
    house.shelf.documents.clear()
    await publisher.is_accepted(publisher.assertion())
    house.clock.advance(KEPT_SECONDS)
    await publisher.is_accepted(publisher.assertion())  # looked again, in vain, and went by the keys of before
    assert len(house.shelf.fetched) == 2


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"keys":{}}',
        b'{"keys":["x"]}',
        b'{"keys":[],"keys":[]}',
        json.dumps({"keys": [EC.as_dict(private=True)]}).encode(),
        json.dumps({"keys": [EC.as_dict(private=False)] * 2}).encode(),
        json.dumps({"keys": [EC.as_dict(private=False) | {"use": "enc"}]}).encode(),
        json.dumps({"keys": [EC.as_dict(private=False) | {"x": "AA"}]}).encode(),
        json.dumps({"keys": [EC.as_dict(private=False), {"kty": "oct", "k": "AA"}]}).encode(),
        json.dumps({"keys": [{"kid": str(n)} for n in range(101)]}).encode(),
    ],
    ids=lambda document: repr(document[:24]),
)
async def test_JO06_F46_garbage_is_no_key(publisher: Signer, document: bytes) -> None:
    publisher.house.shelf.documents[JWKS_URI] = document
    await publisher.is_refused(publisher.assertion())


async def test_TK41_nothing_is_fetched_for_an_assertion_that_cannot_be_right(publisher: Signer) -> None:
    now = publisher.house.clock.now()
    for assertion in (
        publisher.assertion(aud="https://other.example"),
        publisher.assertion(exp=now - 300),
        publisher.assertion(header={"jku": "https://evil.example/jwks"}),
        publisher.assertion(sub="signer"),
        unsigned({"alg": "none"}, publisher.claims()),
    ):
        await publisher.is_refused(assertion)
    assert publisher.house.shelf.fetched == []


async def test_keys_at_another_address_are_another_set(publisher: Signer) -> None:
    house = publisher.house
    await publisher.is_accepted(publisher.assertion())
    moved = replace(PUBLISHING, jwks_uri="https://signer.example/moved")
    house.shelf.documents[str(moved.jwks_uri)] = json.dumps({"keys": [OTHER.as_dict(private=False)]}).encode()
    async with house.store.write() as uow:
        await uow.clients.put(moved, "test", house.clock.now())
    await publisher.is_accepted(publisher.assertion(key=OTHER))
    await publisher.is_refused(publisher.assertion())
