"""QR codes as inline SVG."""

from __future__ import annotations

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.svg import SvgPathImage


class QrcodeDrawer:
    """`ports.QrDrawer`: one `<svg>` with a `viewBox`, sized and given its white card by the stylesheet.

    No XML declaration (it stands inside HTML), no style attributes (the CSP refuses them), no ids (a page may hold two codes).
    """

    def svg(self, text: str) -> str:
        image = qrcode.make(text, image_factory=SvgPathImage, error_correction=ERROR_CORRECT_M)
        root = image.get_image()
        for name in ("width", "height"):
            del root.attrib[name]
        for path in root:
            del path.attrib["id"]
        return str(image.to_string(encoding="unicode"))
