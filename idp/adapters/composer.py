"""Messages out of templates: `mail/<name>.subject.txt`, `.txt` and `.html`, `sms/<name>.txt`.

Templates see the values by their own names and `brand.<name>`. A value is always one line: a person's name cannot forge a line
of its own in a mail ("Password: …"), nor a header. A value or file that is missing is an error, never a hole in the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from idp.domain.delivery import Mail, TextMessage
from idp.errors import ConfigurationError

UNPRINTED = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
"""Controls, line separators, and the marks that turn the direction of text (which disguise what it says)."""


class JinjaComposer:
    """`ports.Composer` over the project's `templates` folder. `brand` holds what an operator changes: names, addresses."""

    def __init__(self, templates: Path, brand: Mapping[str, str]) -> None:
        for folder in ("mail", "sms"):
            if not (templates / folder).is_dir():
                raise ConfigurationError(
                    f"There is no folder {templates / folder}. Correct branding.templates or reinstall."
                )
        self._environment = Environment(
            loader=FileSystemLoader(templates),
            undefined=StrictUndefined,
            autoescape=select_autoescape(enabled_extensions=("html",), default=False),
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.globals["brand"] = dict(brand)

    def mail(self, template: str, to: str, values: Mapping[str, str]) -> Mail:
        subject, text, html = (
            self._render(f"mail/{template}.{part}", values) for part in ("subject.txt", "txt", "html")
        )
        return Mail(to=to, subject=" ".join(subject.split()), text=f"{text}\n", html=f"{html}\n")

    def text_message(self, template: str, to: str, values: Mapping[str, str]) -> TextMessage:
        return TextMessage(to=to, text=self._render(f"sms/{template}.txt", values), code=values.get("code", ""))

    def _render(self, name: str, values: Mapping[str, str]) -> str:
        lines = {key: UNPRINTED.sub(" ", value) for key, value in values.items()}
        return self._environment.get_template(name).render(lines).strip()
