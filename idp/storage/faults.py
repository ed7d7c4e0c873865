"""What went wrong in a driver, in our own words.

Away, locked, timed out, full: `errors.StorageUnavailable`, and the edge answers 503 with Retry-After (SECURITY-CASES F07, F10,
F11). A clash that only the database could see: `errors.Conflict`. Anything else is a mistake of ours and stays what it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from idp.errors import Conflict, IdpError, NotFound, StorageUnavailable

SQLITE_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
"""Primary result codes (https://sqlite.org/rescode.html) that a later attempt may not meet again."""

POSTGRESQL_AWAY = ("08", "28", "3D", "40", "53", "55P03", "57", "58", "25P03", "25P04")
"""SQLSTATE classes and codes: connection, sign-in and database refused, rolled back by the server (deadlock, serialization),
resources, lock timeout, cancelled or shut down, system error, transaction timeouts. A whole transaction cannot be run again
from here, so a rare deadlock is the caller's 503 rather than our retry."""

UNSTORABLE = "22021"
"""PostgreSQL: bytes that are no text in the database's encoding, a NUL for one."""

UNENCODABLE = (UnicodeEncodeError, OverflowError)
"""What drivers raise for a lone surrogate, and for a number of more than 64 bits."""


@contextmanager
def translated() -> Iterator[None]:
    """Wrap exactly one trip to the driver: an `OSError` in here is the database's, not a file of somebody else."""
    try:
        yield
    except exc.IntegrityError as error:
        raise Conflict(detail=_brief(error)) from error
    except exc.DBAPIError as error:
        if (known := _known(error)) is None:
            raise
        raise known from error
    except (exc.TimeoutError, OSError) as error:  # the pool's timeout; a refused, reset or silent connection
        raise StorageUnavailable(detail=_brief(error)) from error
    except UNENCODABLE as error:
        raise _unstorable() from error


def _known(error: exc.DBAPIError) -> IdpError | None:
    state = getattr(error.orig, "sqlstate", None) or ""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if state == UNSTORABLE or any(isinstance(cause, UNENCODABLE) for cause in _causes(error)):
        return _unstorable()
    if (
        error.connection_invalidated
        or state.startswith(POSTGRESQL_AWAY)
        or (code is not None and code & 0xFF in SQLITE_AWAY)
        or (isinstance(error, exc.OperationalError) and code is None and not state)  # aiosqlite: "Connection closed"
    ):
        return StorageUnavailable(detail=_brief(error))
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _unstorable() -> NotFound:
    """Strangers put anything into a path or a field; no row can have it as its key, so there is none."""
    return NotFound(detail="asked for a value that no database stores")


def _brief(error: BaseException) -> str:
    """The driver's own words, without the statement and its parameters, which may be personal (SECURITY-CASES IO11)."""
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {cause}".splitlines()[0]
