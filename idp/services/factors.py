"""The ways in which people prove who they are besides the password: the one list that everybody asks.

Another kind of factor is added here and nowhere else: the ladder, My MFA, the account page and administrators all see it.
"""

from __future__ import annotations

from idp.domain.assurance import Method
from idp.domain.people import Person
from idp.domain.policy import Factors
from idp.storage.unit_of_work import UnitOfWork


async def factors_of(uow: UnitOfWork, person: Person) -> Factors:
    """What the person has enrolled. A stored phone number makes text messages possible."""
    return Factors(totp=await uow.credentials.totp(person.id) is not None, sms=person.phone_number is not None)


async def remove_factors(uow: UnitOfWork, person: Person) -> frozenset[Method]:
    """Voids what *Reset MFA* takes away, an enrolment under way included; the methods that prove nothing any more.

    The phone number stays: it is an address that administrators look after as well.
    """
    return frozenset({Method.TOTP} if await uow.credentials.remove_totp(person.id) else ())
