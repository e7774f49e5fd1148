"""A poster is replaced: a new one hung up, the old one withdrawn, by the console and then by the command line."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from .conftest import start_demo, stop

pytestmark = pytest.mark.browser

DIMENSIONS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")
SEND = "main form button[type=submit].wide"


@pytest.fixture
def logged_site(tmp_path):
    with (tmp_path / "log").open("w", encoding="utf8") as log:
        site = start_demo(tmp_path, responses=0, log=log)
        yield site
        stop(site)


@pytest.fixture
def officer(logged_site, phone):
    """An officer who has signed in."""
    page, account = phone(), logged_site.officer()
    page.goto(logged_site.url + "/console/login")
    page.fill("input[name=name]", account["user"])
    page.fill("input[name=password]", account["password"])
    page.click("main button[type=submit]")
    page.wait_for_url("**/console/")
    return page


@pytest.fixture
def sipas(logged_site, tmp_path):
    """Runs `sipas …` on the demonstration's own database, as whoever looks after the machine does."""
    environ = {
        **os.environ,
        "SIPAS_DATABASE_URL": f"sqlite:///{tmp_path / 'demo.db'}",
        "SIPAS_PUBLIC_BASE_URL": logged_site.url,
    }

    def sipas(*arguments):
        command = [sys.executable, "-m", "survey", *map(str, arguments)]
        return subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout

    return sipas


def scanned(picture):
    """What a decoder that is not ours reads in a picture of one code."""
    (code,) = zxingcpp.read_barcodes(picture)
    return code.text


def on_screen(officer):
    # The page is there before its picture is.
    officer.wait_for_function("document.querySelector('.poster img').naturalWidth > 0")
    return scanned(Image.open(io.BytesIO(officer.locator(".poster img").screenshot())))


def in_file(data):
    (page,) = pypdfium2.PdfDocument(data)
    return scanned(page.render(scale=2).to_pil())


def opens_a_form(citizen, address):
    return citizen.goto(address).status == 200 and citizen.locator(SEND).count() == 1


def is_told_that_it_is_withdrawn(citizen, address):
    status = citizen.goto(address).status
    said = citizen.inner_text("main")
    assert citizen.locator("main input").count() == 0
    return status == 410 and "thu hồi" in said


def test_a_withdrawn_poster_opens_nothing_and_the_next_one_of_the_counter_opens_its_form(
    logged_site, officer, phone, sipas, tmp_path
):
    counter, citizen = logged_site.counter_of("xa-ea-o"), phone()
    officer.goto(counter["poster"])
    first = on_screen(officer)
    assert first == counter["url"]
    assert opens_a_form(citizen, first)

    officer.click("text=Cấp áp phích mới")
    officer.wait_for_selector("text=Thu hồi áp phích số 2")
    second = on_screen(officer)
    assert second != first
    # Until it is withdrawn, what hangs already still works.
    assert opens_a_form(citizen, first)

    officer.click("text=Thu hồi áp phích số 1")
    officer.click("details[open] button")
    officer.wait_for_selector("text=đã thu hồi")
    assert is_told_that_it_is_withdrawn(citizen, first)
    assert opens_a_form(citizen, second)
    for form in ("a4", "a6"):
        assert in_file(officer.request.get(f"{counter['poster']}/posters.pdf?format={form}").body()) == second

    # The same by the command line.
    out = tmp_path / "in.pdf"
    sipas("posters", "--wave", logged_site.wave, "--agency", "xa-ea-o", "--new", "--format", "a6", "--out", out)
    pages = pypdfium2.PdfDocument(out)
    third = scanned(pages[0].render(scale=2).to_pil())
    sipas("counter", "revoke", counter["counter"], "--serial", "2")
    assert is_told_that_it_is_withdrawn(citizen, second)
    assert opens_a_form(citizen, third)
    for item in DIMENSIONS:
        citizen.check(f"input[name={item}][value='4']")
    citizen.click(SEND)
    citizen.wait_for_url("**/receipts/*")

    # Somebody who makes up a code, and somebody who copies one wrongly.
    forged = third[:-1] + ("0" if third[-1] != "0" else "1")
    assert citizen.goto(forged).status == 404
    assert "không phải của hệ thống" in citizen.inner_text("main")
    assert citizen.locator("main form").count() == 0

    log = (tmp_path / "log").read_text(encoding="utf8")
    number = first.rpartition("/")[2].partition("-")[0]
    for poster, reason in ((f"{number}-1", "revoked"), (f"{number}-2", "revoked"), (f"{number}-3", "forged")):
        assert f"A code of poster {poster} was refused: {reason}." in log
    for address in (first, second, third, forged):
        assert address.rpartition("-")[2] not in log
