"""The back channel's storage: one prepared statement per operation on the raw driver, no ORM (DESIGN section 1).

`Statements` is one of the two committers. What an operation asks and changes is written once, in `expressions`; `postgresql`
runs it as one data-modifying statement, `sqlite` as up to three in a transaction that several operations share.
"""

from idp.storage.statements.operations import Statements
from idp.storage.statements.rows import CodeState, FamilyState, LiveGrant

__all__ = ["CodeState", "FamilyState", "LiveGrant", "Statements"]
