"""QR codes as the pages embed them."""

from __future__ import annotations

from xml.etree import ElementTree

from idp.adapters.qr import QrcodeDrawer

URI = "otpauth://totp/500%20Telecom:theo?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=500%20Telecom"


def test_it_is_one_svg_that_a_strict_policy_and_any_page_takes() -> None:
    svg = QrcodeDrawer().svg(URI)
    assert svg.startswith("<svg ")
    assert svg.count("<svg") == 1
    root = ElementTree.fromstring(svg)
    names = {name for element in root.iter() for name in element.attrib}
    assert "viewBox" in root.attrib
    assert not names & {"style", "width", "height", "id", "class"}
    assert {element.tag.rpartition("}")[2] for element in root.iter()} == {"svg", "path"}


def test_the_text_itself_is_not_in_it() -> None:
    assert "GEZDGNBV" not in QrcodeDrawer().svg(URI)


def test_two_texts_have_two_codes_of_the_same_kind() -> None:
    assert QrcodeDrawer().svg(URI) != QrcodeDrawer().svg(URI.replace("theo", "sam_"))
    assert QrcodeDrawer().svg(URI) == QrcodeDrawer().svg(URI)
