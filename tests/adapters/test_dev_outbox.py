"""The demo's transport: what `/dev/outbox.json` is made of."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from idp.adapters.dev_outbox import KEPT, DevOutbox
from idp.domain.delivery import Mail, TextMessage
from idp.errors import DeliveryFailed
from idp.ports import Mailer, Texter
from tests.support.ports import ManualClock, SeededEntropy

MAIL = Mail("iris@example.com", "Your sign-in", "Password: ac34\n", "<p>ac34</p>\n")
TEXT = TextMessage("+447700900118", "123456 is your code.\n\n@id #123456", code="123456")


@pytest.fixture
def outbox(tmp_path: Path, clock: ManualClock, entropy: SeededEntropy) -> DevOutbox:
    return DevOutbox(tmp_path / "outbox", clock, entropy)


async def test_messages_come_newest_first_in_the_shape_of_the_contract(outbox: DevOutbox, clock: ManualClock) -> None:
    mailer: Mailer = outbox
    texter: Texter = outbox
    await mailer.send(MAIL)
    clock.advance(61)
    await texter.send(TEXT)
    text, mail = outbox.messages()
    assert {**mail, "id": ""} == {
        "id": "",
        "channel": "email",
        "to": "iris@example.com",
        "subject": "Your sign-in",
        "text": "Password: ac34\n",
        "html": "<p>ac34</p>\n",
        "at": "2026-01-01T09:00:00Z",
    }
    assert {**text, "id": ""} == {
        "id": "",
        "channel": "sms",
        "to": "+447700900118",
        "subject": "",
        "text": "123456 is your code.\n\n@id #123456",
        "html": "",
        "at": "2026-01-01T09:01:01Z",
    }


async def test_ids_are_unique_and_stay(outbox: DevOutbox) -> None:
    for _ in range(3):
        await outbox.send(TEXT)
    ids = [message["id"] for message in outbox.messages()]
    assert len(set(ids)) == 3
    assert [message["id"] for message in outbox.messages()] == ids


def test_an_outbox_is_empty_at_first(outbox: DevOutbox) -> None:
    assert outbox.messages() == []


async def test_nobody_else_on_the_machine_reads_it(outbox: DevOutbox, tmp_path: Path) -> None:
    await outbox.send(MAIL)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (tmp_path / "outbox").iterdir()}
    assert modes == {"outbox.jsonl": "0o600", "outbox.lock": "0o600"}
    assert oct((tmp_path / "outbox").stat().st_mode & 0o777) == "0o700"


async def test_another_process_sees_the_same_messages(outbox: DevOutbox, tmp_path: Path, clock: ManualClock) -> None:
    await outbox.send(MAIL)
    assert DevOutbox(tmp_path / "outbox", clock, SeededEntropy(2)).messages() == outbox.messages()


async def test_the_last_500_are_kept_and_the_file_does_not_grow_for_ever(
    tmp_path: Path, clock: ManualClock, entropy: SeededEntropy
) -> None:
    outbox = DevOutbox(tmp_path, clock, entropy, trim_bytes=150_000)
    for number in range(KEPT + 300):
        await outbox.send(TextMessage("+447700900118", str(number)))
    assert [message["text"] for message in outbox.messages()] == [str(n) for n in range(KEPT + 299, 299, -1)]
    assert (tmp_path / "outbox.jsonl").stat().st_size <= 150_000


async def test_text_of_any_kind_survives(outbox: DevOutbox) -> None:
    await outbox.send(Mail("ï@example.com", "“Grüße”", "line\u2028separator\x85\n\ud800", ""))
    assert outbox.messages()[0]["text"] == "line\u2028separator\x85\n\ud800"


async def test_a_line_that_is_just_being_written_is_left_for_the_next_look(outbox: DevOutbox, tmp_path: Path) -> None:
    await outbox.send(MAIL)
    with (tmp_path / "outbox" / "outbox.jsonl").open("ab") as file:
        file.write(b'{"id": "msg_half')
    assert [message["subject"] for message in outbox.messages()] == ["Your sign-in"]


async def test_f15_a_lost_directory_is_a_failed_delivery(outbox: DevOutbox, tmp_path: Path) -> None:
    (tmp_path / "outbox").rmdir()
    with pytest.raises(DeliveryFailed) as caught:
        await outbox.send(MAIL)
    assert not caught.value.permanent


def write_many(directory: Path, seed: int) -> None:
    """What another process does; `asyncio.run` because it has no loop of its own."""
    import asyncio

    async def send() -> None:
        outbox = DevOutbox(directory, ManualClock(), SeededEntropy(seed), trim_bytes=20_000)
        for number in range(100):
            await outbox.send(TextMessage("+447700900118", f"{seed} {number} " + "x" * 200))

    asyncio.run(send())


@pytest.mark.slow
def test_two_processes_may_write_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_many, args=(tmp_path, seed)) for seed in (1, 2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    assert [writer.exitcode for writer in writers] == [0, 0]
    texts = [message["text"].split()[:2] for message in DevOutbox(tmp_path, ManualClock(), SeededEntropy()).messages()]
    assert sorted(texts) == sorted([str(seed), str(number)] for seed in (1, 2) for number in range(100))
