"""Permissions of an account, and who may allocate them to whom."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """`USE_2FA` is the portal's *Use 2FA*: users of this account need a text message (or better) at SMS portals."""

    USE_2FA = "use_2fa"


def may_allocate(actor_path: str, target_path: str) -> bool:
    """Strictly below only: support to resellers, resellers to their end clients, nobody to their own account."""
    return target_path != actor_path and target_path.startswith(actor_path)
