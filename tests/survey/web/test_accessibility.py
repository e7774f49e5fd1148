"""Every citizen's and public page under axe, in every way of looking at it; then the console.

The ways are the issue's: two languages, no script, 320 pixels, 200 % zoom, forced colours, dark; errors are pages here,
and the keyboard alone has test_keyboard.py.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from sqlalchemy import select

from survey.config import Settings
from survey.models import Response
from survey.services import codes, counters, kiosks, receipt_days, slip_codes, slips
from survey.services.receipt_leaves import ReceiptKeys
from survey.web.respond import recovery, views
from tests.survey import drawn as samples

pytestmark = pytest.mark.browser

PASSWORD = "một mật khẩu rất dài"
PHONE = {"viewport": {"width": 390, "height": 844}}
WAYS_TO_LOOK = {
    "phone": PHONE,
    "in English": PHONE,
    "no script": PHONE,
    "small phone": {"viewport": {"width": 320, "height": 640}},
    "desk at 200 %": {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2},
    "forced colours": {**PHONE, "forced_colors": "active"},
    "dark": {**PHONE, "color_scheme": "dark"},
    "dark desk": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
}
LANGUAGES = {"vi": "", "en": "?lang=en"}
SEND = "main form button.wide"
OF_THE_CONSOLE = (
    "/console/",
    "/console/agencies/xa-ea-o",
    "/console/counters/xa-ea-o-1",
    "/console/counters/xa-ea-o-1/kiosks",
    "/console/waves/quay-2026/import",
    "/console/waves/quay-2026/import?lang=en",
)
UNFOLD = "document.querySelectorAll('details').forEach(element => element.open = true)"
OVERFLOWS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
WRONG_FILE = "agency,answered_on,phuc_vu\nxa-ea-o,2026-03-02,6\nso-khong-co,31/02/2026,5\n"


@dataclass
class Visitor:
    """Somebody who looks at pages in one language; `places` are the addresses that differ from run to run."""

    page: object
    language: str
    places: dict[str, str]
    slips: list[str]

    def open(self, address):
        self.page.goto(address + LANGUAGES[self.language])

    def open_place(self, name):
        self.open(self.places[name])

    def answer(self, level="4"):
        for question in self.page.locator("fieldset.question").all():
            if (choice := question.locator(f"input[type=radio][value='{level}']")).count():
                choice.check()

    def send(self):
        with self.page.expect_navigation():
            self.page.click(SEND)

    def type(self, address, field, text):
        self.open(address)
        self.page.fill(f"#{field}", text)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")


def form_with_errors(visitor):
    visitor.open_place("form")
    visitor.send()


def sent(visitor):
    visitor.open_place("form")
    visitor.answer()
    visitor.send()


def sent_once_more_with_others(visitor):
    sent(visitor)
    visitor.page.wait_for_url("**/receipts/*")
    visitor.page.go_back()
    visitor.answer("2")
    visitor.send()


def with_a_token_of_nobody(visitor):
    visitor.open_place("form")
    visitor.answer()
    visitor.page.eval_on_selector("input[name=form_token]", "field => field.value = 'x'")
    visitor.send()


def slip(visitor):
    visitor.open(visitor.slips[0])


def used_slip(visitor):
    mine = visitor.slips.pop()
    visitor.open(mine)
    visitor.answer()
    visitor.send()
    visitor.page.wait_for_url("**/receipts/*")
    visitor.open(mine)


def broken(*_arguments, **_named):
    raise RuntimeError("a bug")


def failing(*parts):
    """A form that is sent while those parts of the site fail."""

    def visit(visitor):
        visitor.open_place("form")
        visitor.answer()
        with pytest.MonkeyPatch.context() as patch:
            for module, name in ((views, "keep"), *parts):
                patch.setattr(module, name, broken)
            visitor.send()

    return visit


def refused_sign_in(visitor):
    visitor.open("/console/login")
    visitor.page.fill("input[name=name]", "canbo")
    visitor.page.fill("input[name=password]", "một mật khẩu khác")
    with visitor.page.expect_navigation():
        visitor.page.click("main button[type=submit]")


def at(address):
    return lambda visitor: visitor.open(address)


def at_place(name):
    return lambda visitor: visitor.open_place(name)


# How to come to each page, by a name for it.
PAGES = {
    "form": at_place("form"),
    "form by digits": at_place("digits"),
    "form by slip": slip,
    "assisted form": at_place("assisted"),
    "form with errors": form_with_errors,
    "form whose token is nobody's": with_a_token_of_nobody,
    "form after a failure": failing(),
    "answers after a failure": failing((recovery, "_whole_form")),
    "answers after every failure": failing((recovery, "_whole_form"), (recovery, "_answers_only")),
    "receipt": sent,
    "receipt in a list": at_place("receipt"),
    "other answers": sent_once_more_with_others,
    "used slip": used_slip,
    "withdrawn poster": at_place("withdrawn"),
    "forged code": at("/R/1-1-0000000000000"),
    "unknown digits": at("/N/000000"),
    "unknown slip": at("/S/000000000000"),
    "digits to type": at("/N"),
    "digits mistyped": lambda visitor: visitor.type("/N", "code", "12"),
    "slip to type": at("/S"),
    "letter": at_place("letter"),
    "paper form keyed in": at_place("letter assisted"),
    "unknown letter": at("/I/000000000000"),
    "replaced letter": at_place("replaced letter"),
    "letter to type": at("/I"),
    "slip mistyped": lambda visitor: visitor.type("/S", "code", "12"),
    "kiosk": at_place("kiosk"),
    "closed kiosk": at("/K/1-0000000000000"),
    "kept for no network": at("/offline"),
    "no such page": at("/no/such/page"),
    "no such receipt": at("/receipts/22222222"),
    "front page": at("/"),
    "results": at("/waves/quay-2026"),
    "results of nobody": lambda visitor: visitor.page.goto("/waves/quay-2026?stream=census&lang=" + visitor.language),
    "agency": at("/waves/quay-2026/agencies/so-noi-vu"),
    "agency of too few": at("/waves/quay-2026/agencies/xa-ea-o"),
    "lists of receipts": at("/receipts"),
    "receipt mistyped": lambda visitor: visitor.type("/receipts", "receipt", "abc o"),
    "list of a day": at("/receipts/days/2026-10-07"),
    "sign-in": at("/console/login"),
    "refused sign-in": refused_sign_in,
}


@pytest.fixture
def settings(tmp_path):
    """A site without HTTPS, so that a browser on this machine keeps its session."""
    return Settings.embedded(tmp_path / "sipas.db", public_base_url="http://127.0.0.1")


@pytest.fixture
def places(answered, database, settings):
    """A counter with every way in, a receipt in a published list, and a poster that was withdrawn."""
    here, now = answered.counters[0], answered.now
    poster, withdrawn = (
        codes.code_for(poster.counter_id, poster.serial, key=settings.key(codes.KEY_PURPOSE))
        for poster in (answered.posters[0], answered.posters[2])
    )
    with database.writing() as session:
        counters.revoke_code(session, answered.posters[2], now=now)
        kiosk = kiosks.make(session, here, pin="204060", now=now)
        receipt_days.close(session, keys=ReceiptKeys.of(settings.key), now=now + dt.timedelta(days=1))
        receipt = session.scalar(select(Response.receipt))
    sample = samples.draw(database, settings.key)
    samples.replace(database, 3, by=7)
    return {
        "letter": f"/I/{sample.codes[1]}",
        "letter assisted": f"/I/{sample.codes[1]}/ASSISTED",
        "replaced letter": f"/I/{sample.codes[3]}",
        "form": f"/R/{poster}",
        "assisted": f"/R/{poster}/ASSISTED",
        "digits": f"/N/{here.short_code}",
        "withdrawn": f"/R/{withdrawn}",
        "kiosk": "/K/" + kiosks.code_of(kiosk, key=settings.key(kiosks.KEY_PURPOSE)),
        "receipt": f"/receipts/{receipt}",
    }


@pytest.fixture
def drawn(answered, database, settings):
    """The addresses of slips that nobody has used."""
    drawn = slips.draw(5, rng=random.Random(1).randbytes)
    with database.writing() as session:
        key = settings.key(slip_codes.KEY_PURPOSE)
        slips.keep(session, answered.counters[0], drawn, opens_on=answered.now.date(), key=key, now=answered.now)
    return [f"/S/{code}" for code in drawn]


@pytest.fixture(params=["small phone", "dark desk", "forced colours"])
def page(request, chromium, served):
    """A page in each kind of browser, at the site's address."""
    context = chromium.new_context(base_url=served, **WAYS_TO_LOOK[request.param])
    yield context.new_page()
    context.close()


def wrong_with(page):
    """What axe finds, and whether the page has to be pushed to and fro."""
    page.evaluate(UNFOLD)
    found = [
        f"{violation['id']}: {node['html']}"
        for violation in Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        for node in violation["nodes"]
    ]
    return found + (["wider than the screen"] if page.evaluate(OVERFLOWS) else [])


@pytest.mark.usefixtures("accounts")
@pytest.mark.parametrize("way", WAYS_TO_LOOK)
def test_every_page_is_open_to_everybody(chromium, served, places, drawn, way):
    language = "en" if way == "in English" else "vi"
    wrong = {}
    # Without the worker, which answers in the site's place where that fails; test_queue_browser.py looks at it.
    context = chromium.new_context(base_url=served, service_workers="block", **WAYS_TO_LOOK[way])
    for name, visit in PAGES.items():
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        devtools.send("Emulation.setScriptExecutionDisabled", {"value": way == "no script"})
        visit(Visitor(page, language, places, drawn))
        # Drawn without its scripts; axe is a script too.
        devtools.send("Emulation.setScriptExecutionDisabled", {"value": False})
        # One page is in all languages, whose sentences a script uncovers.
        assert page.get_attribute("html", "lang") == ("vi" if name == "kept for no network" else language), name
        wrong[name] = wrong_with(page)
        page.close()
    context.close()
    assert {name: found for name, found in wrong.items() if found} == {}


def assert_open_to_everybody(page):
    assert wrong_with(page) == []


def sign_in(page, *, password=PASSWORD):
    page.goto("/console/login")
    page.fill("input[name=name]", "canbo")
    page.fill("input[name=password]", password)
    page.click("main button[type=submit]")


def test_the_console_is_open_to_everybody(page, answered, accounts):
    sign_in(page, password="một mật khẩu khác")
    assert_open_to_everybody(page)
    sign_in(page)
    for address in OF_THE_CONSOLE:
        assert page.goto(address).status == 200
        assert_open_to_everybody(page)


def test_an_import_that_was_refused_is_open_to_everybody(page, answered, accounts):
    sign_in(page)
    page.goto("/console/waves/quay-2026/import")
    page.set_input_files(
        "input[type=file]", {"name": "phieu.csv", "mimeType": "text/csv", "buffer": WRONG_FILE.encode()}
    )
    page.click("main button[type=submit]")
    assert page.title().startswith("Lỗi: ")
    assert page.locator("text=so-khong-co").count() >= 1
    assert_open_to_everybody(page)
