"""The words for what went wrong in a form. One place, so that a mistake reads the same wherever it is made."""

from __future__ import annotations

from idp.web.pages.frame import Problem

WRONG_CREDENTIALS = Problem("username", "Enter the correct username and password.")
"""One message for every failed sign-in: it must not tell a wrong password from an unknown user (LG01)."""
NO_USERNAME = Problem("username", "Enter your username.")
NO_USERNAME_OR_EMAIL = Problem("username", "Enter your username or e-mail address.")
NO_PASSWORD = Problem("password", "Enter your password.")
WRONG_PASSWORD = Problem("password", "That is not your current password. Enter it again.")
NO_NEW_PASSWORD = Problem("new_password", "Enter a new password.")
NO_ACCOUNT = Problem("account", "Choose the account you want to work in.")
NO_CODE = Problem("code", "Enter the 6-digit code.")
MALFORMED_CODE = Problem("code", "A code has 6 digits. Check it and enter it again.")
WRONG_APP_CODE = Problem("code", "That code is not right. Enter the code your authenticator app shows now.")
USED_APP_CODE = Problem("code", "That code has been used. Wait for your authenticator app to show the next one.")
CLOCK_WRONG = Problem(
    "code",
    "Your phone's clock looks wrong. Set its date and time to automatic, then enter the code your app shows now.",
)
WRONG_TEXT_CODE = Problem("code", "That code is not right. Check your newest text message and enter it again.")
EXPIRED_TEXT_CODE = Problem("code", "That code has expired. Ask for another text message and enter the new code.")
SPENT_TEXT_CODE = Problem(
    "code", "That code was entered wrongly too many times. Ask for another text message and enter the new code."
)
STALE_FORM = Problem("continue", "We could not tell that this form came from you. Please try again.")


def password_refused(text: str) -> Problem:
    """The new password does not do; `text` says why and what would."""
    return Problem("new_password", text)


def slowed_down(field: str, wait: str) -> Problem:
    """Too many tries. `wait` is a time in words (`templating.duration`)."""
    offer = ", or use Forgotten Login Details" if field == "username" else ""
    return Problem(field, f"Too many attempts. Wait {wait}, then try again{offer}.")


def resend_too_soon(wait: str) -> Problem:
    """Another text message was asked for before its time. `wait` is a time in words."""
    return Problem("resend", f"We have just sent a text message. You can ask for another in {wait}.")


def resends_used_up(wait: str) -> Problem:
    """The cap on text messages is reached. `wait` is a time in words."""
    return Problem("resend", f"We have sent as many text messages as we can for now. Try again in {wait}.")
