"""A session: one person signed in at the identity provider in one browser. `id` is the `sid` of tokens, not a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from idp.domain.assurance import Evidence
from idp.domain.rules import SessionRules


@dataclass(frozen=True, slots=True)
class Session:
    """`choices` remembers which membership the person picked at which client. `user_epoch` as in `Login`."""

    id: str
    token_hash: bytes
    user_id: str
    user_epoch: int
    browser_hash: bytes
    evidence: Evidence
    created_at: int
    seen_at: int
    expires_at: int
    choices: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    user_agent: str = ""
    ended_at: int | None = None

    def is_live(self, now: int, current_epoch: int, rules: SessionRules) -> bool:
        """Whether the session still counts: not ended, not idle or old beyond the rules, and of the person's present epoch."""
        return (
            self.ended_at is None
            and now < self.expires_at
            and now - self.seen_at < rules.idle_seconds
            and self.user_epoch == current_epoch
        )
