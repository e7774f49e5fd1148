"""SQL and markup written wherever the site reads something: path, query, form, header, file. None is taken for more."""

from __future__ import annotations

import io
import itertools
import json
import re
import unicodedata

import html5lib
import pytest

from tests.survey.web.corpora import MARK, MARKUP, PRODUCT, SQL
from tests.survey.web.every_address import ALL_FOURS, QUERY_NAMES, SITE, furnish

ALL = SQL + MARKUP
UNKNOWN = "khong-co"
HEADERS = (
    *("Host", "Accept-Language", "Accept-Encoding", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"),
    *("Referer", "Cookie", "User-Agent", "If-None-Match", "If-Modified-Since", "Range", "Origin", "Sec-Fetch-Site"),
)
ADDRESSES_OF_SCRIPTS = re.compile(r"(?:javascript|vbscript|data):", re.IGNORECASE)


@pytest.fixture
def province(settings, either_database, either_seeded):
    return furnish(settings, either_database, either_seeded)


def faults_of(answer):
    """What a payload has made in the answer, by a parser of HTML that knows nothing of our templates."""
    if answer.status_code >= 500:
        return [f"answered {answer.status}"]
    found = [f"header {name}" for name, _ in answer.headers if MARK in name.lower()]
    location = answer.headers.get("Location", "/")
    if not re.match(r"/(?![/\\])", location):
        found.append(f"leads to {location}")
    if MARK in " ".join(answer.headers.getlist("Set-Cookie")):
        found.append("sets a cookie")
    if answer.mimetype in {"application/json", "application/problem+json"}:
        json.loads(answer.data)
    if str(PRODUCT).encode() in answer.data:
        found.append("computes")
    return found + (faults_of_page(answer.text) if answer.mimetype == "text/html" else [])


def faults_of_page(page):
    found = []
    for element in html5lib.parse(page, namespaceHTMLElements=False).iter():
        if not isinstance(element.tag, str):
            found += ["comment"] if MARK in (element.text or "") else []
            continue
        if MARK in element.tag or element.tag in {"style", "base", "iframe", "object", "embed", "math"}:
            found.append(f"<{element.tag}>")
        if element.tag == "script" and (element.text or not element.get("src", "").startswith("/static/")):
            found.append("script")
        for name, value in element.attrib.items():
            if MARK in str(name) or str(name).startswith("on") or name in {"style", "srcdoc"}:
                found.append(f"attribute {name}")
            if name in {"href", "action", "src", "formaction", "content"} and MARK in value:
                plain = "".join(sign for sign in value if sign > " ")
                if ADDRESSES_OF_SCRIPTS.match(plain) or plain.startswith(("//", "/\\")):
                    found.append(f"{name} = {value}")
    return found


@pytest.mark.parametrize(
    "page",
    [
        f"<{MARK}>",
        f"<p {MARK}=1>",
        "<p onclick=x>",
        "<script>1</script>",
        f"<a href=' java\tscript:{MARK}'>",
        f"<p><!--{MARK}--></p>",
    ],
)
def test_the_witness_finds_what_a_payload_makes(page):
    assert faults_of_page(page)


@pytest.mark.parametrize("payload", MARKUP)
def test_the_witness_is_content_with_a_payload_that_stays_text(payload):
    from markupsafe import escape

    assert faults_of_page(f'<p title="{escape(payload)}">{escape(payload)}</p>') == []


def look(client, path, **headers):
    return client.get(path, base_url=SITE, headers=headers)


def test_in_a_path(province):
    """A payload in place of each part of each address is as unknown as any other word."""
    client, payloads = province.user("canbo"), itertools.cycle(ALL)
    before, found = province.dump(), []
    for address in province.addresses("GET"):
        for name in address.values.keys() - {"way", "hash"}:
            expected = look(client, address.path(**{name: UNKNOWN})).status_code
            for payload in itertools.islice(payloads, 5):
                answer = look(client, address.path(**{name: payload}))
                # A code is set in capitals first.
                if answer.status_code not in {expected, 308, 404}:
                    found.append((str(address), payload, answer.status))
                found += [(str(address), payload, fault) for fault in faults_of(answer)]
    assert found == []
    assert province.dump() == before


@pytest.mark.parametrize("name", ["wave", "agency", "receipt", "day", "counter"])
def test_every_payload_in_one_path_of_each_kind(province, name):
    client, found = province.user("canbo"), []
    address = next(one for one in province.addresses("GET") if name in one.values)
    for payload in ALL:
        answer = look(client, address.path(**{name: payload}))
        assert answer.status_code == 404, payload
        found += [(payload, fault) for fault in faults_of(answer)]
    assert found == []


def test_in_a_query(province):
    client, payloads = province.user("canbo"), itertools.cycle(ALL)
    before, found = province.dump(), []
    for address in province.addresses("GET"):
        for name in (*QUERY_NAMES, "khac"):
            payload = next(payloads)
            answer = client.get(address.path(), query_string={name: payload, payload: name}, base_url=SITE)
            found += [(str(address), name, payload, fault) for fault in faults_of(answer)]
    assert len(QUERY_NAMES) >= 7
    assert found == []
    assert province.dump() == before


def test_in_a_header(province):
    client, found = province.visitor(), []
    before = province.dump()
    pages = itertools.cycle(["/", f"/R/{province.ways['R']}", "/receipts", "/console/login", "/no/such"])
    for payload, name in itertools.product(ALL, HEADERS):
        # A server lets no line feed into a header, nor anything beyond Latin-1.
        value = payload.replace("\r\n", " ").replace("\x0c", " ").encode().decode("latin-1")
        answer = look(client, next(pages), **{name: value})
        found += [(name, payload, fault) for fault in faults_of(answer)]
        if MARK in answer.text:
            found.append((name, payload, "repeated"))
    assert found == []
    assert province.dump() == before


def test_in_an_opinion_it_is_kept_as_it_was_written_and_shown_as_text(province):
    client = province.visitor()
    address = next(
        one for one in province.addresses("POST") if one.endpoint == "respond.send" and one.values["way"] == "R"
    )
    found, before = [], province.dump()
    for payload in ALL:
        token = province.token(client, address)
        with_gap = ALL_FOURS | {"tiep_can": ""}
        pages = [
            province.post(client, address, token=token, **with_gap, y_kien=payload),
            province.post(client, address, token={"form_token": payload}, y_kien=payload),
            province.post(client, address, token=token, y_kien=payload, switch_language=payload),
        ]
        kept = province.post(client, address, token=token, y_kien=payload)
        pages.append(province.post(client, address, token=token, y_kien=payload + "!"))
        assert [page.status_code for page in (*pages, kept)] == [422, 400, 200, 409, 303], payload
        found += [(payload, fault) for page in pages for fault in faults_of(page)]
    assert found == []
    rows = [row for row in province.dump()["responses"] if row not in before["responses"]]
    written = {
        answers.get("y_kien") for answers in (json.loads(cell) for row in rows for cell in row if _is_answers(cell))
    }
    assert written == set(map(_written, ALL))
    assert {**province.dump(), "responses": []} == {**before, "responses": []}


def _is_answers(cell):
    return isinstance(cell, str) and cell.startswith('{"')


def _written(payload):
    """A payload without the signs that are no writing, as docs/decisions/0016 has it."""
    signs = unicodedata.normalize("NFC", payload.replace("\r\n", "\n"))
    return "".join(sign for sign in signs if sign not in "\x0c\u202e\u2066").strip()


def test_in_any_other_field(province):
    client, payloads = province.user("canbo"), itertools.cycle(ALL)
    before, found = province.dump(), []
    for address in province.addresses("POST"):
        for name in (*province.fields(address), "khac"):
            if not isinstance(province.fields(address).get(name, ""), str) or name == "khac":
                continue
            for payload in itertools.islice(payloads, 6):
                answer = province.post(client, address, **{name: payload})
                # What is sent as our page sends it but for a payload is refused, or has no such field.
                if answer.status_code not in {308, 400, 403, 404, 409, 410, 422, 429}:
                    found.append((str(address), name, payload, answer.status))
                found += [(str(address), name, payload, fault) for fault in faults_of(answer)]
    assert found == []
    assert province.dump() == before


@pytest.mark.parametrize(
    "column", ["agency", "answered_on", "counter", "stratum", "psu", "weight", "count", "tiep_can", "y_kien"]
)
def test_in_a_cell_of_an_imported_file(province, column):
    client = province.user("canbo")
    address = next(one for one in province.addresses("POST") if one.endpoint == "console.import_file")
    names = ["agency", "answered_on", *ALL_FOURS]
    good = ["xa-ea-o", "2026-03-09", *ALL_FOURS.values()]
    quoted = ['"' + payload.replace('"', '""').replace("\r\n", " ") + '"' for payload in ALL]
    before = {name: rows for name, rows in province.dump().items() if name != "responses"}
    for bad_day in (False, True):
        file = [",".join(dict.fromkeys([*names, column]))]
        for cell in quoted:
            line = {**dict(zip(names, good, strict=True)), column: cell}
            file.append(
                ",".join(
                    {**line, "answered_on": "x"}.values() if bad_day and column != "answered_on" else line.values()
                )
            )
        upload = io.BytesIO("\n".join(file).encode())
        answer = province.post(client, address, file=(upload, f"<{MARK}>.csv"), stream="sample")
        assert answer.status_code in {303, 422}
        assert faults_of(answer) == []
        assert faults_of(look(client, "/console/waves/quay-2026/import")) == []
        assert faults_of(look(client, "/waves/quay-2026?stream=sample")) == []
    assert {name: rows for name, rows in province.dump().items() if name != "responses"} == before


def test_in_a_heading_of_an_imported_file(province):
    client = province.user("canbo")
    address = next(one for one in province.addresses("POST") if one.endpoint == "console.import_file")
    before = province.dump()
    for payload in ALL:
        file = (io.BytesIO(f'agency,"{payload.replace(chr(34), chr(34) * 2)}"\nxa-ea-o,1'.encode()), payload[:40])
        answer = province.post(client, address, file=file)
        assert answer.status_code == 422
        assert faults_of(answer) == []
    assert province.dump() == before
