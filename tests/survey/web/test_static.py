"""The stylesheet: named by its content, kept for ever, compressed once."""

from __future__ import annotations

import gzip
import re

import pytest

from survey import resources


@pytest.fixture
def address(client):
    return re.search(r'href="(/static/[^"]+)"', client.get("/").text)[1]


def test_it_is_kept_for_ever_under_the_name_of_its_content(client, address):
    assert "immutable" in client.get(address).headers["Cache-Control"]


def test_an_older_release_s_address_gives_today_s_and_is_not_kept(client, address):
    response = client.get("/static/000000000000/sipas.css")
    assert response.data == client.get(address).data
    assert response.headers["Cache-Control"] == "no-cache"


def test_it_is_compressed_for_who_can_read_that(client, address):
    packed = client.get(address, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == client.get(address).data
    assert "Content-Encoding" not in client.get(address, headers={"Accept-Encoding": "gzip;q=0"}).headers
    assert "Accept-Encoding" in packed.headers["Vary"]


@pytest.mark.parametrize("name", ["nothing.css", "..%2Fapp.py", "%00"])
def test_nothing_else_is_served(client, name):
    client.get(f"/static/x/{name}", expect=404)


@pytest.mark.parametrize("sheet", sorted(path.name for path in resources.STATIC.glob("*.css")))
def test_a_stylesheet_asks_nobody_else_for_anything(sheet):
    source = (resources.STATIC / sheet).read_text(encoding="utf-8")
    assert "url(" not in source
    assert "@import" not in source


# Luminance and ratio as WCAG 2.2 defines them.
def luminance(colour):
    digits = colour.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def palettes():
    source = (resources.STATIC / "sipas.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", block))
        for block in re.findall(r":root \{(.*?)\}", source, re.DOTALL)[:2]
    )
    return {"light": light, "dark": light | dark}


TEXTS = [
    *(("ink", ground) for ground in ("paper", "shade", "chosen", "notice", "error-shade", "good-shade")),
    *((link, "paper") for link in ("quiet", "link", "visited", "link-hover", "error")),
    *((text, "shade") for text in ("quiet", "link", "link-hover")),
    *(("on-go", ground) for ground in ("go", "go-hover")),
    *(("error", "error-shade"), ("on-brand", "brand"), ("on-focus", "focus")),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_every_text_stands_out_from_its_ground(scheme, text, ground):
    palette = palettes()[scheme]
    # WCAG 2.2, 1.4.3: 4.5 to 1 for text.
    assert contrast(palette[text], palette[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("mark", "ground"), [("edge", "paper"), ("dot", "paper"), ("interval", "paper"), ("link", "paper")]
)
def test_every_border_and_mark_that_says_something_is_seen(scheme, mark, ground):
    palette = palettes()[scheme]
    # WCAG 2.2, 1.4.11: 3 to 1 for what is not text.
    assert contrast(palette[mark], palette[ground]) >= 3
