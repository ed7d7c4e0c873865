"""What all pages share: the frame around them, the problems of a form, and small values that several pages show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from idp.web.branding import PROVIDER


@dataclass(frozen=True, slots=True)
class Link:
    """A link to somewhere. `language` is set when the text is in another language than the page."""

    text: str
    url: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a form was not accepted. `field` is the id of the field to mend; the text says what to do next."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Method:
    """Another way to prove who one is. `value` is posted as `method`, `label` stands on the button."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where the person stands: which portal this is for, who signs in, how to go on and how to leave.

    Addresses may be left empty; what they belong to is then not shown.
    """

    portal: str
    """The name of the portal; the provider's own where no portal is known."""
    provider: str
    support_name: str
    support_email: str
    accent: str = PROVIDER.accent
    mark: str = ""
    """The portal's logo: the name of a static file or a `data:image/` URI; empty shows the portal's initial."""
    action: str = ""
    """Where the page's main form posts to."""
    cancel: str = ""
    """Where the Cancel form posts to."""
    forgotten: str = ""
    """Address of *Forgotten Login Details*."""
    who: str = ""
    """Who is signing in, once the password was right: `rita - Northern Voice`."""
    switch: str = ""
    """Where "Not you?" posts to."""
    step: int = 0
    steps: int = 0
    """Step `step` of `steps`; shown when there are several."""
    form_token: str = ""
    language: str = "en"
    direction: str = "ltr"
    languages: tuple[Link, ...] = ()
    policy_url: str = ""
    terms_url: str = ""
    """The client's registered policy and terms (`policy_uri`, `tos_uri`): registration admits https only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Base of all pages. `problems` make it a form that failed; `notice` is good news above the form."""

    template: ClassVar[str]
    frame: Frame
    problems: tuple[Problem, ...] = ()
    notice: str = ""

    def problem(self, field: str) -> str:
        """The text that stands next to a field, or an empty string."""
        return next((problem.text for problem in self.problems if problem.field == field), "")

    @classmethod
    def samples(cls) -> Sequence[Self]:
        """Realistic instances, for tests and for looking at the page."""
        raise NotImplementedError
