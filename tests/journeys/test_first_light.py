"""From the QR on the poster to both agencies' indices, as a citizen and an officer would go."""

from __future__ import annotations

import datetime as dt
import io
import json
import math
import random
import statistics
from decimal import ROUND_HALF_UP, Decimal
from urllib.request import urlopen

import pytest
import zxingcpp
from PIL import Image
from scipy.stats import t

pytestmark = pytest.mark.browser

DIMENSIONS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")
AGENCIES = ("so-noi-vu", "phuong-buon-ma-thuot")
FORMS_EACH = 20
SEND = "main form button[type=submit].wide"


def sign_in(page, site):
    account = site.officer()
    page.goto(site.url + "/console/login")
    page.fill("input[name=name]", account["user"])
    page.fill("input[name=password]", account["password"])
    page.click("main button[type=submit]")


def scan(page, site, counter):
    """The address in the QR of the poster page, read from its picture by a decoder that is not ours."""
    page.goto(f"{site.url}/console/counters/{counter['counter']}")
    picture = page.locator("img[src*='qr']").first.screenshot()
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    return code.text


def answer(page, address, ratings):
    page.goto(address)
    for item, rating in ratings.items():
        page.check(f"input[name={item}][value='{rating}']")
    page.click(SEND)
    page.wait_for_url("**/receipts/*")


def agency_document(site, agency):
    with urlopen(f"{site.url}/api/v1/waves/{site.wave}/indices?stream=counter&by=agency") as document:
        rows = json.load(document)["rows"]
    return next(row for row in rows if row["agency"] == agency)


@pytest.mark.parametrize("javascript", [False, True], ids=["without JavaScript", "with JavaScript"])
def test_forty_answers_at_two_counters_are_the_indices_of_two_agencies(empty_site, phone, javascript):
    site, officer, citizen = empty_site, phone(javascript=javascript), phone(javascript=javascript)
    sign_in(officer, site)
    addresses = {agency: scan(officer, site, site.counter_of(agency)) for agency in AGENCIES}
    assert addresses == {agency: site.counter_of(agency)["url"] for agency in AGENCIES}
    rng = random.Random(20261122)
    given = {agency: [ratings_of_one(rng) for _ in range(FORMS_EACH)] for agency in AGENCIES}
    for number in range(FORMS_EACH):
        for agency in AGENCIES:
            answer(citizen, addresses[agency], given[agency][number])
    for agency in AGENCIES:
        check_agency(site, citizen, agency, given[agency])


def ratings_of_one(rng):
    return {item: rng.choice((2, 3, 4, 4, 5, 5)) for item in DIMENSIONS}


def check_agency(site, page, agency, forms):
    """Both the document and the page say what an own computation from the forms says."""
    row = agency_document(site, agency)
    assert row["n"] == len(forms)
    page.goto(f"{site.url}/waves/{site.wave}/agencies/{agency}")
    text = page.inner_text("main")
    for item in DIMENSIONS:
        index, low, high = own_interval([form[item] >= 4 for form in forms])
        said = row["dimensions"][item]
        assert said["n"] == len(forms)
        assert said["index"] == pytest.approx(index, rel=1e-12)
        assert (said["ci_low"], said["ci_high"]) == pytest.approx((low, high), rel=1e-9)
        for figure in (index, low, high):
            assert vietnamese(figure) in text


def own_interval(favourable):
    """The index and its 95% limits in points, by the textbook's route.

    All answers came on one day at one counter, so that respondents are the units: the variance of a mean of n
    independent zeros and ones, and the t interval on the logit scale with n - 1 degrees of freedom.
    """
    n, p = len(favourable), statistics.fmean(favourable)
    assert 0 < p < 1
    standard_error = statistics.stdev(map(float, favourable)) / math.sqrt(n)
    centre, half = math.log(p / (1 - p)), t.ppf(0.975, n - 1) * standard_error / (p * (1 - p))
    return tuple(100 / (1 + math.exp(-place)) for place in (math.log(p / (1 - p)), centre - half, centre + half))


def vietnamese(points):
    return str(Decimal(repr(points)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)).replace(".", ",")


def test_a_language_switch_keeps_what_was_answered(busy_site, phone):
    page = phone(javascript=False)
    page.goto(busy_site.counters[0]["url"])
    page.check("input[name=thu_tuc][value='2']")
    page.fill("textarea[name=y_kien]", "Phải đi lại nhiều lần.")
    page.click("button[name=switch_language][value=en]")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.is_checked("input[name=thu_tuc][value='2']")
    assert page.input_value("textarea[name=y_kien]") == "Phải đi lại nhiều lần."


def test_a_missing_answer_is_named_first_and_the_others_are_kept(busy_site, phone):
    page = phone(javascript=False)
    page.goto(busy_site.counters[0]["url"])
    for item in DIMENSIONS[:-1]:
        page.check(f"input[name={item}][value='4']")
    page.click(SEND)
    assert page.title().startswith("Lỗi:")
    page.click(".error-summary a")
    assert page.url.endswith("#phuc_vu")
    assert all(page.is_checked(f"input[name={item}][value='4']") for item in DIMENSIONS[:-1])


def test_sending_the_same_form_twice_gives_the_same_receipt(busy_site, phone):
    page = phone()
    page.goto(busy_site.counters[0]["url"])
    for item in DIMENSIONS:
        page.check(f"input[name={item}][value='5']")
    page.click(SEND)
    page.wait_for_url("**/receipts/*")
    first = page.url
    page.go_back(wait_until="load")
    page.wait_for_url("**/R/*")
    page.click(SEND)
    page.wait_for_url(first)


def test_every_page_of_a_demonstration_says_that_it_is_simulated(busy_site, phone):
    page = phone()
    agency = busy_site.counters[0]["agency"]
    for address in (
        busy_site.counters[0]["url"],
        f"{busy_site.url}/waves/{busy_site.wave}",
        f"{busy_site.url}/waves/{busy_site.wave}/agencies/{agency}",
    ):
        page.goto(address)
        assert "Dữ liệu mô phỏng" in page.inner_text("body")


def test_an_officer_imports_the_thirty_one_answers_of_ba_ria_vung_tau(busy_site, phone, tmp_path):
    # Sở TN&MT Bà Rịa - Vũng Tàu 2022: 10 rất hài lòng, 16 hài lòng, 5 bình thường; published as 83,87 %.
    today = dt.datetime.now(dt.timezone(dt.timedelta(hours=7))).date()
    lines = ["agency,answered_on,phuc_vu", *(f"so-tu-phap,{today},{level}" for level in [5] * 10 + [4] * 16 + [3] * 5)]
    file = tmp_path / "brvt.csv"
    file.write_text("\n".join(lines), encoding="utf-8-sig")
    page = phone()
    sign_in(page, busy_site)
    page.goto(f"{busy_site.url}/console/waves/{busy_site.wave}/import")
    page.set_input_files("input[type=file]", file)
    page.select_option("select[name=stream]", "census")
    page.click("main button[type=submit]")
    page.goto(f"{busy_site.url}/waves/{busy_site.wave}/agencies/so-tu-phap?stream=census")
    assert "83,87" in page.inner_text("main")
