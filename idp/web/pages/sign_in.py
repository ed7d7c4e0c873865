"""The steps of signing in that ask for something (DESIGN section 3). What ends or interrupts them is in `outcomes`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar, Self

from idp.web.pages import problems
from idp.web.pages.frame import Method, Page
from idp.web.pages.samples import APP, INBOUND, INBOUND_DANA, OTHER, QR, RECOVERY, SMS, TRUNK, TRUNK_SAM


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPage(Page):
    """Username and password in one form, so that password managers pair them. Fields `username`, `password`."""

    template: ClassVar[str] = "sign_in/password.html"
    username: str = ""

    @classmethod
    def samples(cls) -> Sequence[Self]:
        return (
            cls(frame=INBOUND),
            cls(frame=TRUNK, username="sam", problems=(problems.WRONG_CREDENTIALS,)),
            cls(frame=TRUNK, username="sam", problems=(problems.slowed_down("username", "2 minutes"),)),
            cls(frame=INBOUND, username="iris", notice="Your new password is saved. Sign in with it."),
            cls(frame=OTHER, username='"><script>alert(1)</script>'),
        )


@dataclass(frozen=True, slots=True)
class AccountChoice:
    """One membership to choose from. `value` is posted as `account`; `under` names the reseller above, if any."""

    value: str
    name: str
    number: str
    under: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseAccountPage(Page):
    """A radio list named `account`; `chosen` is the value that is ticked already."""

    template: ClassVar[str] = "sign_in/choose_account.html"
    choices: tuple[AccountChoice, ...]
    chosen: str = ""

    @classmethod
    def samples(cls) -> Sequence[Self]:
        frame = replace(TRUNK, who="max", switch="/sign-in/3vQ7/switch")
        choices = (
            AccountChoice("acc_1", "Harbour Dental", "EC-20017", "Northern Voice"),
            AccountChoice("acc_2", "Quayside Legal", "EC-20018", "Northern Voice"),
        )
        return (
            cls(frame=frame, choices=choices, chosen="acc_1"),
            cls(frame=frame, choices=choices, problems=(problems.NO_ACCOUNT,)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyTotpPage(Page):
    """Field `code`, from the authenticator app. `other_methods` are offered by a form that posts `method`.

    `contact_name` is whom somebody turns to who has lost the phone, `contact_email` their address if it is ours to give.
    """

    template: ClassVar[str] = "sign_in/verify_totp.html"
    contact_name: str
    contact_email: str = ""
    other_methods: tuple[Method, ...] = ()
    other_action: str = ""

    @classmethod
    def samples(cls) -> Sequence[Self]:
        page = cls(frame=INBOUND_DANA, contact_name="Northern Voice")
        support = replace(page, contact_name="500 Telecom support", contact_email="support@500.example")
        return (
            page,
            replace(page, problems=(problems.WRONG_APP_CODE,)),
            replace(support, frame=TRUNK_SAM, other_methods=(SMS, RECOVERY), other_action="/sign-in/3vQ7/method"),
            replace(page, problems=(problems.CLOCK_WRONG,)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifySmsPage(Page):
    """Field `code`, from a text message that is on its way. `number` is masked (`domain.phones.mask`).

    `wait_seconds` says when another message may be asked for; with `exhausted` the cap is reached, not the cool-down.
    `contact_name` and `contact_email` as in `VerifyTotpPage`.
    """

    template: ClassVar[str] = "sign_in/verify_sms.html"
    number: str
    contact_name: str
    minutes: int
    """How long a code works."""
    resend_action: str
    contact_email: str = ""
    wait_seconds: int = 0
    exhausted: bool = False
    other_methods: tuple[Method, ...] = ()
    other_action: str = ""

    @classmethod
    def samples(cls) -> Sequence[Self]:
        page = cls(
            frame=TRUNK_SAM,
            number="•••• ••• 118",
            contact_name="Northern Voice",
            minutes=5,
            resend_action="/sign-in/3vQ7/resend",
            wait_seconds=30,
        )
        other = "/sign-in/3vQ7/method"
        return (
            page,
            replace(page, wait_seconds=0, problems=(problems.EXPIRED_TEXT_CODE,)),
            replace(page, notice="We have sent another text message.", other_methods=(APP,), other_action=other),
            replace(page, exhausted=True, wait_seconds=600, problems=(problems.resends_used_up("10 minutes"),)),
        )


class ChangeReason(StrEnum):
    """Why a new password has to be chosen before going on."""

    TEMPORARY = "temporary"
    TOO_OLD = "too_old"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePasswordPage(Page):
    """Field `new_password`; the read-only `username` beside it lets password managers save the pair."""

    template: ClassVar[str] = "sign_in/change_password.html"
    username: str
    reason: ChangeReason
    min_length: int
    max_age_days: int = 0
    """The age that the policy allows; shown when the password is too old."""

    @classmethod
    def samples(cls) -> Sequence[Self]:
        frame = replace(INBOUND, who="iris - Harbour Dental", switch="/sign-in/3vQ7/switch", step=2, steps=2)
        page = cls(frame=frame, username="iris", reason=ChangeReason.TEMPORARY, min_length=15)
        too_short = "Your new password needs at least 15 characters. Three random words are a good start."
        return (
            page,
            replace(page, problems=(problems.password_refused(too_short),)),
            replace(page, frame=TRUNK_SAM, username="sam", reason=ChangeReason.TOO_OLD, min_length=8, max_age_days=90),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolTotpPage(Page):
    """QR code, key and field `code`. `qr_svg` is trusted markup: it comes from `ports.QrDrawer` and nowhere else."""

    template: ClassVar[str] = "sign_in/enrol_totp.html"
    secret: str
    """Base32 without padding; the page groups it for the eye, its text is exactly this."""
    otpauth_uri: str
    qr_svg: str

    @classmethod
    def samples(cls) -> Sequence[Self]:
        secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - a sample
        uri = f"otpauth://totp/500%20Telecom:theo?secret={secret}&issuer=500%20Telecom"
        frame = replace(INBOUND_DANA, who="theo - Harbour Dental")
        page = cls(frame=frame, secret=secret, otpauth_uri=uri, qr_svg=QR)
        return (page, replace(page, problems=(problems.WRONG_APP_CODE,)))
