"""Static files by content, accents that can be read, and waiting times in words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.web.branding import PORTALS, PROVIDER, accent_sheet, brand_of, contrast
from idp.web.templating import STATIC_FOLDER, Assets, Pages, duration

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_a_static_file_is_served_under_the_name_that_pages_use() -> None:
    assets = Assets("/idp/static")
    mount, name = assets.url("style.css").rsplit("/", 1)
    asset = assets.serve(name)
    assert mount == "/idp/static"
    assert asset is not None
    assert asset.body == (STATIC_FOLDER / "style.css").read_bytes()
    assert asset.content_type == "text/css; charset=utf-8"


@pytest.mark.parametrize("name", ["style.css", "style.000000000000.css", "../templating.py", "", "accent-00706b.css"])
def test_any_other_name_is_nothing(name: str) -> None:
    assert Assets().serve(name) is None


def test_a_changed_file_has_another_address(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("one")
    before = Assets(folder=tmp_path).url("a.css")
    (tmp_path / "a.css").write_text("two")
    assert Assets(folder=tmp_path).url("a.css") != before


def test_the_accent_sheet_is_served_by_every_process_alike() -> None:
    name = Assets().accent_url("#00706b").removeprefix("/static/")
    asset = Assets().serve(name)
    assert asset is not None
    assert asset.body.decode() == accent_sheet("#00706b")
    assert Assets().serve(name.replace("00706b", "00706c")) is None


@pytest.mark.parametrize("accent", ["", "red", "#fff", "#00706B", "#00706b;}", "#00706b\n"])
def test_an_accent_is_six_hexadecimal_digits(accent: str) -> None:
    with pytest.raises(ValueError, match="#rrggbb"):
        Assets().accent_url(accent)


@given(colours)
def test_whatever_the_accent_text_in_it_can_be_read(accent: str) -> None:
    """WCAG 2.2 §1.4.3: 4.5 to 1, in both schemes, on the ground, on a card, on the accent's tint, and on a button."""
    grounds = {"light": ("#f3f5f8", "#ffffff"), "dark": ("#0d1218", "#161c24", "#1d2530")}
    for scheme, sheet in zip(grounds, accent_sheet(accent).split("@media"), strict=True):
        colour = dict(re.findall(r"(--[a-z-]+):(#[0-9a-f]{6})", sheet))
        for ground in (*grounds[scheme], colour["--accent-tint"]):
            assert contrast(colour["--accent"], ground) >= 4.5
            assert contrast(colour["--accent-strong"], ground) >= 4.5
        assert contrast(colour["--accent"], colour["--on-accent"]) >= 4.5
        assert contrast(colour["--accent-strong"], colour["--on-accent"]) >= 4.5


def test_contrast_is_measured_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_every_brand_has_its_mark_and_strangers_wear_the_provider_s_colour() -> None:
    assets = Assets()
    for brand in (*PORTALS.values(), PROVIDER):
        assert assets.picture_url(brand.mark) == assets.url(brand.mark)
    stranger = brand_of("someone-else")
    assert (stranger.accent, stranger.mark) == (PROVIDER.accent, "")


def test_a_missing_logo_does_not_keep_people_out() -> None:
    assets = Assets()
    assert assets.picture_url("mark-nobody.svg") == assets.url("mark-provider.svg")
    assert assets.picture_url("data:image/png;base64,AAAA") == "data:image/png;base64,AAAA"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (45, "45 seconds"),
        (60, "1 minute"),
        (61, "2 minutes"),
        (600, "10 minutes"),
        (3600, "1 hour"),
        (3601, "2 hours"),
    ],
)
def test_a_waiting_time_never_promises_too_much(seconds: int, words: str) -> None:
    assert duration(seconds) == words


def test_templates_are_found_and_files_hold_no_carriage_returns() -> None:
    assert Pages(Assets()).assets.url("page.js")
    for file in STATIC_FOLDER.iterdir():
        assert b"\r" not in file.read_bytes()
