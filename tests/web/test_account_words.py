"""The trail in plain words: every event is told, or there is a reason why not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from idp.domain.audit import Actor, AuditEvent, Event
from idp.web.account.words import HAPPENINGS, UNTOLD, days_ago, happening, moment

NOW = int(datetime(2026, 7, 24, 9, 30, tzinfo=UTC).timestamp())
PORTALS = {"inbound": "Inbound"}
BROWSER = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
DANA = "usr_dana"


def test_every_event_is_told_or_left_out_for_a_reason() -> None:
    assert HAPPENINGS.keys() | UNTOLD.keys() == set(Event)
    assert not HAPPENINGS.keys() & UNTOLD.keys()


@pytest.mark.parametrize("event", HAPPENINGS)
def test_every_told_event_has_words_with_and_without_a_portal(event: Event) -> None:
    for client_id in ("inbound", "gone", None):
        told = happening(AuditEvent(event, NOW, user_id=DANA, client_id=client_id), PORTALS, NOW)
        assert told.what[0].isupper()
        assert "{" not in told.what
        assert "_" not in told.what


@pytest.mark.parametrize(
    ("actor", "where"),
    [
        (Actor("", "203.0.113.7", BROWSER), "Chrome on Windows, 203.0.113.7"),
        (Actor(DANA, "203.0.113.7", BROWSER), "Chrome on Windows, 203.0.113.7"),
        (Actor(DANA, "", ""), ""),
        (Actor("cli"), "by an administrator"),
        (Actor("usr_rita", "198.51.100.24", BROWSER), "by an administrator"),
    ],
)
def test_where_from_but_never_where_somebody_else_is(actor: Actor, where: str) -> None:
    assert happening(AuditEvent(Event.PHONE_CHANGED, NOW, actor, DANA), PORTALS, NOW).where == where


def test_a_portals_server_is_no_place_of_the_person() -> None:
    event = AuditEvent(Event.REFRESH_REUSED, NOW, Actor("inbound", "203.0.113.9"), DANA, client_id="inbound")
    told = happening(event, PORTALS, NOW)
    assert told.what == "Access of Inbound ended: it was used twice"
    assert told.where == ""


@pytest.mark.parametrize(
    ("then", "words", "ago"),
    [
        ((2026, 7, 24, 9, 12), "Today, 09:12 UTC", "today"),
        ((2026, 7, 24, 0, 0), "Today, 00:00 UTC", "today"),
        ((2026, 7, 23, 23, 59), "Yesterday, 23:59 UTC", "yesterday"),
        ((2026, 7, 12, 8, 3), "12 July 2026, 08:03 UTC", "12 days ago"),
        ((2025, 12, 31, 8, 3), "31 December 2025, 08:03 UTC", "205 days ago"),
    ],
)
def test_moments(then: tuple[int, int, int, int, int], words: str, ago: str) -> None:
    at = int(datetime(*then, tzinfo=UTC).timestamp())
    assert moment(at, NOW) == words
    assert days_ago(at, NOW) == ago
