"""Messages to people and clients: composed, sealed and put into the outbox in the transaction of what they tell about.

Nothing leaves before that transaction is committed, and nothing is lost after it: `services/outbox.py` carries the rows on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from idp.domain.audit import Actor
from idp.domain.delivery import Channel, LogoutNotice, Mail, Message, TextMessage
from idp.domain.ids import Prefix
from idp.domain.people import Person
from idp.domain.rules import DAY, HOUR
from idp.ports import Ports, Sealer
from idp.services.minting import new_identifier
from idp.storage.unit_of_work import UnitOfWork

NOTICE_SECONDS = 3 * DAY
"""How long a notice without a secret is worth sending."""
LOGOUT_SECONDS = 2 * HOUR
"""How long a client that does not answer is told again that a session is over."""
MAX_BROWSER = 200
KINDS: Mapping[Channel, type[Message]] = {
    Channel.EMAIL: Mail,
    Channel.SMS: TextMessage,
    Channel.LOGOUT: LogoutNotice,
}


async def post_mail(
    uow: UnitOfWork, ports: Ports, template: str, to: str, values: Mapping[str, str], *, expires_at: int | None = None
) -> str:
    """Puts one mail into the outbox and returns its message id. `expires_at`: after it the mail would be of no use."""
    mail = ports.composer.mail(template, to, values)
    return await _post(uow, ports, Channel.EMAIL, template, to, mail, expires_at)


async def post_text(
    uow: UnitOfWork, ports: Ports, template: str, to: str, values: Mapping[str, str], *, expires_at: int | None = None
) -> str:
    """Puts one text message into the outbox and returns its message id."""
    text = ports.composer.text_message(template, to, values)
    return await _post(uow, ports, Channel.SMS, template, to, text, expires_at)


async def post_logouts(uow: UnitOfWork, ports: Ports, notices: Sequence[LogoutNotice]) -> None:
    """Puts word of ended sessions into the outbox, for the clients that they name."""
    now = ports.clock.now()
    messages = []
    for notice in notices:
        message_id = new_identifier(ports.entropy, Prefix.MESSAGE)
        messages.append((message_id, notice.client_id, seal_message(ports.sealer, message_id, notice)))
    await uow.outbox.put_all(Channel.LOGOUT, "logout", messages, now, now + LOGOUT_SECONDS)


async def notify(
    uow: UnitOfWork, ports: Ports, person: Person, template: str, actor: Actor = Actor(), **values: str
) -> str:
    """Mails a security notice to a person: what changed, when and from where, and what to do if it was not them."""
    return await post_mail(uow, ports, template, person.email, greeting(ports, person, actor) | values)


def greeting(ports: Ports, person: Person, actor: Actor) -> dict[str, str]:
    """The values that every mail has (`templates/README.md`)."""
    return {
        "name": person.display_name,
        "username": person.username,
        "at": datetime.fromtimestamp(ports.clock.now(), UTC).strftime("%-d %B %Y, %H:%M UTC"),
        "address": actor.address,
        "browser": actor.user_agent[:MAX_BROWSER],
    }


async def _post(
    uow: UnitOfWork,
    ports: Ports,
    channel: Channel,
    template: str,
    to: str,
    message: Mail | TextMessage,
    expires_at: int | None,
) -> str:
    now = ports.clock.now()
    message_id = new_identifier(ports.entropy, Prefix.MESSAGE)
    sealed = seal_message(ports.sealer, message_id, message)
    await uow.outbox.put(message_id, channel, template, to, sealed, now, expires_at or now + NOTICE_SECONDS)
    return message_id


def seal_message(sealer: Sealer, message_id: str, message: Message) -> bytes:
    """Bodies hold temporary passwords and codes: sealed while they wait, deleted when sent (SECURITY-CASES section 3)."""
    return sealer.seal(json.dumps(asdict(message)).encode(), _place(message_id))


def open_message(sealer: Sealer, message_id: str, channel: Channel, sealed: bytes) -> Message:
    """The message of an outbox row. Raises `errors.WrongSealingKey`."""
    return KINDS[channel](**json.loads(sealer.open(sealed, _place(message_id))))


def _place(message_id: str) -> str:
    return f"outbox:message:{message_id}"
