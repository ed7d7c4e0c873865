"""Errors with a code, and without HTTP: the edge (`web/errors.py`, `cli`) decides what a code looks like.

An error says four things to four readers: `code` to programs, `public` to the person on the page, `hint` to the
integrator, `detail` to the log. Only `detail` may name internals, and never a secret.
"""

from __future__ import annotations


class IdpError(Exception):
    """Base of all errors that this project raises on purpose."""

    code = "error"
    public = "Something went wrong. Please try again."

    def __init__(self, public: str | None = None, *, hint: str | None = None, detail: str | None = None) -> None:
        self.public = public or type(self).public
        self.hint = hint
        self.detail = detail
        super().__init__(detail or self.public)


class ConfigurationError(IdpError):
    """The configuration cannot work: one sentence that names the key and the mend. The commands exit with 1."""

    code = "configuration"


class WrongSealingKey(IdpError):
    """A sealed value does not open with the configured keys: wrong key, or a value moved to another place."""

    code = "wrong_sealing_key"
    public = (
        "The sealing key does not fit the stored data. Set secrets.sealing_keys to the key that it was sealed with."
    )


class Busy(IdpError):
    """More work than the machine should take on at once; trying again soon works."""

    code = "busy"
    public = "Many people are signing in at this moment. Please try again in a few seconds."

    def __init__(self, retry_after: int = 3, *, detail: str | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(detail=detail)


class StorageUnavailable(IdpError):
    """The database does not answer, or is locked beyond its timeout. Nothing was half-written."""

    code = "storage_unavailable"
    public = "The sign-in service cannot reach its database at this moment. Please try again in a few seconds."
    retry_after = 5


class NotFound(IdpError):
    """No such thing, or not one that the asker may know about."""

    code = "not_found"
    public = "That does not exist."


class Conflict(IdpError):
    """The change clashes with what is stored: a taken number or username, a version that moved on."""

    code = "conflict"
    public = "That clashes with something that exists already."


class InvalidInput(IdpError):
    """Input that a person or program can mend. `field` is the form field's name."""

    code = "invalid_input"

    def __init__(self, field: str, public: str, *, hint: str | None = None) -> None:
        self.field = field
        super().__init__(public, hint=hint)


class TooManyAttempts(IdpError):
    """A limit is reached. `retry_after` is in seconds."""

    code = "too_many_attempts"
    public = "Too many attempts. Please wait a little, then try again."

    def __init__(self, retry_after: int, public: str | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(public)


class DeliveryFailed(IdpError):
    """A provider did not take a message. `permanent` says that trying again is useless; `reason` is for the log."""

    code = "delivery_failed"
    public = "We could not send the message."

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        self.reason = reason
        self.permanent = permanent
        super().__init__(detail=reason)


class OutboundFailed(IdpError):
    """A call to an address that a client registered came to nothing. `refused`: the guard did not let it out, and trying again
    is useless; `reason` is for the log."""

    code = "outbound_failed"
    public = "The other side could not be reached."

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        self.reason = reason
        self.refused = refused
        super().__init__(detail=reason)
