"""A third language is a folder of catalogues and wording in the questionnaire, and no code."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

import html5lib
import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from forms import loading
from survey import i18n, resources
from survey.services import codes, waves

# As Ê Đê might look; the words are made up for the test.
ALL_FOURS = dict.fromkeys(("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu"), "4")
LOCALE = """
name = "Klei Êđê"
decimal_mark = ","
group_mark = "."
date = "{day}/{month}/{year}"
"""
CATALOGUE = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "Send my answers"
msgstr "Mơĭt klei wĭt lač"
"""


@pytest.fixture
def client(app, three_languages):
    """One that does not expect every page to be in a language that we ship."""
    return FlaskClient(app, app.response_class)


@pytest.fixture
def three_languages(app, tmp_path):
    folder = tmp_path / "translations"
    shutil.copytree(resources.TRANSLATIONS, folder)
    (folder / "rad").mkdir()
    (folder / "rad" / "locale.toml").write_text(LOCALE, encoding="utf-8")
    (folder / "rad" / "respond.po").write_text(CATALOGUE, encoding="utf-8")
    app.extensions["sipas"] = dataclasses.replace(app.extensions["sipas"], locales=i18n.load(folder))


@pytest.fixture
def url(settings, seeded, database, three_languages):
    """The form of a questionnaire whose every text has a third wording."""
    source = resources_of_forms().joinpath("sipas-counter.toml").read_text(encoding="utf-8")
    asked = re.sub(r'(\w+)\.en = ("""[\s\S]*?"""|"[^"\n]*")', r"\g<0>\n\1.rad = \2", source)
    asked = asked.replace('text.rad = "Very satisfied"', 'text.rad = "Mơak snăk"')
    asked = asked.replace('languages = ["vi", "en"]', 'languages = ["vi", "en", "rad"]')
    with database.writing() as session:
        waves.create(
            session,
            loading.from_toml(asked, source="three.toml"),
            code="ba-ngon-ngu",
            title="Ba ngôn ngữ",
            opens_on=seeded.now.date(),
            closes_on=seeded.now.date(),
        )
    poster = seeded.posters[0]
    return "/R/" + codes.code_for(poster.counter_id, poster.serial, key=settings.key(codes.KEY_PURPOSE))


def resources_of_forms():
    return Path(loading.__file__).with_name("questionnaires")


def parsed(page):
    return html5lib.parse(page.text, namespaceHTMLElements=False)


def fields(page):
    return {
        field.get("name"): field.get("value")
        for field in parsed(page).iter("input")
        if field.get("type") == "hidden" or "checked" in field.attrib
    }


def test_every_page_offers_it(client, url):
    for address in ("/", "/receipts", "/no/such/page"):
        assert "Klei Êđê" in client.get(address).text
    assert parsed(client.get("/?lang=rad")).get("lang") == "rad"


def test_the_form_is_read_in_it_and_what_has_no_words_yet_in_the_default_language(client, url):
    page = client.get(f"{url}?lang=rad").text
    assert "Mơak snăk" in page
    assert "Mơĭt klei wĭt lač" in page
    assert "Very satisfied" not in page
    # Vietnamese, which everybody here can ask somebody about, and not the English of the code.
    assert "Nhân viên không xem được câu trả lời của Ông/Bà." in page
    assert "cannot see what you answer" not in page


def test_switching_to_it_keeps_the_answers_and_the_response_says_so(client, url, database):
    given = fields(client.get(url)) | ALL_FOURS
    switched = client.post(f"{url}/SEND", data=given | {"switch_language": "rad"})
    assert parsed(switched).get("lang") == "rad"
    assert fields(switched) == {**given, **dict.fromkeys(ALL_FOURS, "4")}
    action = next(form.get("action") for form in parsed(switched).iter("form"))
    assert client.post(action, data=given).status_code == 303
    with database.reading() as session:
        assert session.execute(text("SELECT language FROM responses")).scalars().all() == ["rad"]
