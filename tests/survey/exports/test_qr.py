"""The QR codes, read back by a decoder that is not ours."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from survey import i18n
from survey.exports import qr

# As long as an address of the province gets: a counter of the thousands, a poster of the tens.
URL = "HTTPS://HAILONG.DAKLAK.GOV.VN/R/12345-12-0123456789ABC"
SVG = "{http://www.w3.org/2000/svg}"
QUIET_MODULES = 4


def picture_of(svg, *, pixels_a_module=4):
    """The squares of the SVG's path on its background, drawn by hand: no browser, no renderer of ours."""
    root = ET.fromstring(svg)  # noqa: S314 - our own picture.
    background, path = root.find(f"{SVG}rect"), root.find(f"{SVG}path")
    assert (background.get("fill"), background.get("width"), background.get("height")) == ("white", "100%", "100%")
    side = int(root.get("viewBox").split()[2])
    picture = Image.new("L", (side * pixels_a_module, side * pixels_a_module), 255)
    draw = ImageDraw.Draw(picture)
    squares = re.findall(r"M(\d+),(\d+)H(\d+)V(\d+)H(\d+)z", path.get("d"))
    assert "".join("M{},{}H{}V{}H{}z".format(*square) for square in squares) == path.get("d")
    for left, top, right, bottom, _ in (map(int, square) for square in squares):
        corners = (left, top, right, bottom)
        draw.rectangle([corner * pixels_a_module - (place > 1) for place, corner in enumerate(corners)], fill=0)
    return picture


def test_the_svg_says_the_address_to_another_decoder():
    (code,) = zxingcpp.read_barcodes(picture_of(qr.svg(URL)))
    assert code.text == URL
    assert code.format == zxingcpp.BarcodeFormat.QRCode
    # Nearly a third may be torn or hidden.
    assert code.ec_level == "H"


def test_a_code_is_no_larger_than_its_text_needs():
    # ISO/IEC 18004, table 7: version 4 holds 50 signs of this kind with H, version 5 holds 64.
    for length, version in ((50, "4"), (51, "5"), (64, "5"), (65, "6")):
        (code,) = zxingcpp.read_barcodes(picture_of(qr.svg((URL + URL)[:length])))
        assert (code.text, code.extra["Version"]) == ((URL + URL)[:length], version)


# As the table says, version 7 holds 93 signs and version 8 holds 122.
@pytest.mark.parametrize(("text", "version"), [(URL, "7"), ((URL + URL)[:93], "7"), ((URL + URL)[:94], "8")])
def test_a_code_has_the_modules_that_are_asked_for_or_more(text, version):
    (code,) = zxingcpp.read_barcodes(picture_of(qr.svg(text, least_version=7)))
    assert (code.text, code.extra["Version"], code.ec_level) == (text, version, "H")


def test_the_code_of_a_long_host_is_small_enough_for_a_cheap_phone():
    modules = int(ET.fromstring(qr.svg(URL)).get("viewBox").split()[2]) - 2 * QUIET_MODULES  # noqa: S314 - ours.
    version = (modules - 17) // 4
    assert version <= 5


def test_a_quiet_zone_of_four_modules_is_part_of_the_picture():
    picture = picture_of(qr.svg(URL), pixels_a_module=1)
    left, top, right, bottom = picture.point(lambda shade: 255 - shade).getbbox()
    assert (left, top) == (QUIET_MODULES, QUIET_MODULES)
    assert (picture.width - right, picture.height - bottom) == (QUIET_MODULES, QUIET_MODULES)


def test_a_torn_corner_can_still_be_read():
    picture = picture_of(qr.svg(URL))
    side = picture.width
    # Away from the three eyes, which no error correction replaces.
    ImageDraw.Draw(picture).rectangle([side * 0.66, side * 0.66, side, side], fill=255)
    (code,) = zxingcpp.read_barcodes(picture)
    assert code.text == URL


def test_the_same_address_gives_the_same_picture():
    assert qr.svg(URL) == qr.svg(URL)


@pytest.mark.parametrize("text", [URL.lower(), "HTTPS://HAILONG.DAKLAK.GOV.VN/R/1-1-a", "HTTPS://HẢI-LÒNG.VN/R/1", ""])
def test_a_text_that_would_make_the_code_denser_is_refused(text):
    with pytest.raises(qr.QRError) as caught:
        qr.svg(text)
    with i18n.speaking(i18n.find("vi")):
        assert "hãy dùng chữ in hoa" in i18n.explain(caught.value)


def test_the_code_in_the_terminal_can_be_read_from_the_screen():
    lines = qr.terminal(URL).rstrip("\n").split("\n")
    picture = Image.new("L", (max(map(len, lines)), 2 * len(lines)), 0)
    for row, line in enumerate(lines):
        for column, sign in enumerate(line):
            # On a dark terminal the drawn halves are light.
            picture.putpixel((column, 2 * row), 255 if sign in "█▀" else 0)
            picture.putpixel((column, 2 * row + 1), 255 if sign in "█▄" else 0)
    (code,) = zxingcpp.read_barcodes(picture.resize((picture.width * 4, picture.height * 4), Image.Resampling.NEAREST))
    assert code.text == URL


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_draws_the_code_dark_on_light_in_every_scheme(chromium, tmp_path, scheme):
    (tmp_path / "qr.svg").write_bytes(qr.svg(URL))
    (tmp_path / "page.html").write_text(
        "<!doctype html><meta name='color-scheme' content='light dark'><img src='qr.svg' width='180' height='180'>"
    )
    page = chromium.new_page(color_scheme=scheme)
    page.goto((tmp_path / "page.html").as_uri())
    picture = Image.open(io.BytesIO(page.locator("img").screenshot())).convert("L")
    (code,) = zxingcpp.read_barcodes(picture, try_invert=False)
    assert code.text == URL
    assert picture.getpixel((1, 1)) == 255
    page.close()
