"""Pages say how the answers came, or that it cannot be shown."""

from __future__ import annotations

import csv
import io
import re
from html import unescape

import pytest

HEADING = "Câu trả lời đến từ đâu"


@pytest.fixture
def wave(database, seeded, came):
    """Two agencies of frequent ways, one with three answers by a typed number, and two of nine people each."""
    came(
        database,
        {
            "so-noi-vu": [(30, "verified", "phone"), (10, "signed", "kiosk")],
            "so-tu-phap": [(40, "signed", "phone")],
            "xa-ea-o": [(47, "signed", "phone"), (3, "open", "phone")],
            "xa-ea-kly": [(9, "signed", "phone")],
            "xa-ea-knop": [(9, "signed", "phone")],
        },
    )


def section(client, address):
    """The words of the section, in one line."""
    page = client.get(address, expect=200).text
    part = page.split(f"<h2>{HEADING}</h2>")[1].split("<h2")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", part)).split())


def test_the_page_of_a_wave_adds_up_the_agencies_that_are_shown(client, wave):
    said = section(client, "/waves/quay-2026")
    assert "mã dùng một lần trên phiếu mời 30 37,5%" in said
    assert "mã QR tại quầy 50 62,5%" in said
    assert "số quầy tự gõ 0 0,0%" in said
    assert "máy tính bảng đặt tại cơ quan 10 7,7%" in said
    assert re.findall(r"Cộng từ (\d) trong số (\d)", said) == [("2", "3"), ("3", "3")]
    assert "Sở Nội vụ 40 75,0% 25,0% 0,0% 0,0%" in said
    assert "Xã Ea Ô – Không công bố: có một cách chỉ có từ 1 đến 9 phiếu trả lời." in said
    assert "Xã Ea Kly" not in said


def test_the_page_of_an_agency_shows_its_own(client, wave):
    said = section(client, "/waves/quay-2026/agencies/so-noi-vu")
    assert "mã dùng một lần trên phiếu mời 30 75,0%" in said
    assert "Cộng từ" not in said


def test_the_page_of_an_agency_says_what_is_not_shown(client, wave):
    said = section(client, "/waves/quay-2026/agencies/xa-ea-o")
    assert said.count("Không công bố: có một cách chỉ có từ 1 đến 9 phiếu trả lời.") == 1
    assert "điện thoại hoặc máy tính của người dân 50 100,0%" in said
    assert HEADING not in client.get("/waves/quay-2026/agencies/xa-ea-kly", expect=200).text


def test_files_and_the_api_say_the_same(client, wave):
    lines = csv.DictReader(io.StringIO(client.get("/waves/quay-2026.csv", expect=200).data.decode("utf-8-sig")))
    in_file = {line["agency"]: line["trust_signed"] for line in lines}
    rows = client.get("/api/v1/waves/quay-2026/indices?by=agency", expect=200).json["rows"]
    by_api = {row["agency"]: str(row["trust"]["counts"]["signed"]) if row["trust"] else "" for row in rows}
    assert {code: in_file[code] for code in by_api} == by_api
    assert by_api["so-tu-phap"] == "40"
    assert by_api["xa-ea-o"] == by_api["xa-ea-kly"] == ""
