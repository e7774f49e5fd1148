import io

import pypdfium2
import pytest
import zxingcpp
from sqlalchemy import text

from survey.services import codes, counters

SITE = "https://hailong.example.vn"


def test_the_page_of_a_counter_is_its_poster(sign_in):
    page = sign_in("canbo").get("/console/counters/xa-ea-o-1", base_url=SITE).text
    assert "Nhân viên không xem được câu trả lời" in page
    assert 'src="/console/counters/xa-ea-o-1/qr.svg"' in page
    assert "HTTPS://HAILONG.EXAMPLE.VN/R/" in page


def test_the_code_on_the_page_is_the_one_that_leads_to_the_form(sign_in, seeded, settings):
    client = sign_in("canbo")
    counter, poster = seeded.counters[0], seeded.posters[0]
    code = codes.code_for(counter.id, poster.serial, key=settings.key(codes.KEY_PURPOSE))
    assert f"/R/{code}" in client.get(f"/console/counters/{counter.code}", base_url=SITE).text
    client.get(f"/R/{code}")


def test_the_qr_is_a_picture_of_its_own(sign_in):
    answer = sign_in("canbo").get("/console/counters/xa-ea-o-1/qr.svg", base_url=SITE)
    assert answer.mimetype == "image/svg+xml"
    assert answer.data.lstrip().startswith((b"<?xml", b"<svg"))


@pytest.mark.parametrize("address", ["/console/counters/xa-ea-o-9", "/console/agencies/so-y-te/posters.pdf"])
def test_what_has_no_counter_has_no_poster(sign_in, address):
    sign_in("canbo").get(address, base_url=SITE, expect=404)


@pytest.mark.parametrize("form", ["a4", "a6", "sticker"])
def test_the_file_has_a_page_for_each_counter_whose_code_can_be_read(sign_in, form):
    answer = sign_in("canbo").get(f"/console/agencies/xa-ea-o/posters.pdf?format={form}", base_url=SITE)
    assert f"xa-ea-o-{form}.pdf" in answer.headers["Content-Disposition"]
    pages = pypdfium2.PdfDocument(io.BytesIO(answer.data))
    read = [zxingcpp.read_barcodes(page.render(scale=2).to_pil())[0].text for page in pages]
    assert len(read) == 2
    assert len(set(read)) == 2
    assert all(address.startswith("HTTPS://HAILONG.EXAMPLE.VN/R/") for address in read)


def test_a_file_of_one_counter_and_no_file_of_a_kind_that_is_not_there(sign_in):
    client = sign_in("canbo")
    data = client.get("/console/counters/xa-ea-o-1/posters.pdf", base_url=SITE).data
    assert len(pypdfium2.PdfDocument(data)) == 1
    for unknown in ("a5", "", "../a4"):
        address = f"/console/counters/xa-ea-o-1/posters.pdf?format={unknown}"
        client.get(address, base_url=SITE, expect=404)


def test_whoever_cannot_scan_is_told_site_and_digits(sign_in):
    page = sign_in("canbo").get("/console/counters/xa-ea-o-1", base_url=SITE).text
    assert "hailong.example.vn/N" in page
    assert "216 483" in page


LOOKS = (
    "/console/counters/xa-ea-o-1",
    "/console/counters/xa-ea-o-1/qr.svg",
    "/console/counters/xa-ea-o-1/posters.pdf",
    "/console/agencies/xa-ea-o",
    "/console/agencies/xa-ea-o/posters.pdf",
)


def stored(database):
    with database.reading() as session:
        return session.execute(text("SELECT counter_id, serial, revoked_at FROM counter_codes ORDER BY id")).all()


def test_to_look_changes_nothing_even_where_no_poster_is_good(sign_in, database, seeded):
    client = sign_in("canbo")
    with database.writing() as session:
        counters.revoke_code(session, seeded.posters[0], now=seeded.now)
    before = stored(database)
    expected = dict(zip(LOOKS, (200, 404, 404, 200, 200), strict=True))
    for address in LOOKS:
        client.get(address, base_url=SITE, expect=expected[address])
    assert stored(database) == before


def test_a_counter_without_a_good_poster_says_so_and_a_button_mends_it(sign_in, database, seeded):
    client = sign_in("canbo")
    with database.writing() as session:
        counters.revoke_code(session, seeded.posters[0], now=seeded.now)
    page = client.get("/console/counters/xa-ea-o-1", base_url=SITE).text
    assert "không có áp phích còn hiệu lực" in page
    assert "qr.svg" not in page
    assert "không có áp phích còn hiệu lực" in client.get("/console/agencies/xa-ea-o", base_url=SITE).text
    press(client, page, "/console/counters/xa-ea-o-1/posters")
    assert "Áp phích số 2" in client.get("/console/counters/xa-ea-o-1", base_url=SITE).text


def press(client, page, address, *, expect=303):
    """Send the form of `page` that leads to `address`, as a browser does."""
    assert expect != 303 or f'action="{address}"' in page
    token = page.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    return client.post(
        address,
        data={"csrf_token": token},
        base_url=SITE,
        headers={"Referer": f"{SITE}/console/"},
        expect=expect,
    )


def test_the_missing_posters_of_an_agency_are_issued_and_the_others_left(sign_in, database, seeded):
    client = sign_in("canbo")
    assert '/console/agencies/xa-ea-o/posters"' not in client.get("/console/agencies/xa-ea-o", base_url=SITE).text
    with database.writing() as session:
        counters.revoke_code(session, seeded.posters[1], now=seeded.now)
    page = client.get("/console/agencies/xa-ea-o", base_url=SITE).text
    press(client, page, "/console/agencies/xa-ea-o/posters")
    rows = [(counter, serial) for counter, serial, _ in stored(database)]
    first, second, third = (counter.id for counter in seeded.counters)
    assert rows == [(first, 1), (second, 1), (third, 1), (second, 2)]


@pytest.mark.parametrize("name", ["canbo", "eao"])
def test_one_printing_is_withdrawn_and_its_code_is_gone(sign_in, database, seeded, settings, name):
    client = sign_in(name)
    with database.writing() as session:
        counters.issue_code(session, seeded.counters[0], now=seeded.now)
    page = client.get("/console/counters/xa-ea-o-1", base_url=SITE).text
    press(client, page, "/console/counters/xa-ea-o-1/posters/1/revoke")
    key = settings.key(codes.KEY_PURPOSE)
    client.get("/R/" + codes.code_for(seeded.counters[0].id, 1, key=key), expect=410)
    client.get("/R/" + codes.code_for(seeded.counters[0].id, 2, key=key))
    page = client.get("/console/counters/xa-ea-o-1", base_url=SITE).text
    assert "đã thu hồi" in page
    assert "posters/1/revoke" not in page
    assert "posters/2/revoke" in page


CHANGES = (
    "/console/counters/{counter}/posters",
    "/console/counters/{counter}/posters/1/revoke",
    "/console/agencies/{agency}/posters",
)


@pytest.mark.parametrize("address", CHANGES)
def test_another_agency_s_posters_do_not_exist_for_a_user(sign_in, database, address):
    client = sign_in("eao")
    page = client.get("/console/counters/xa-ea-o-1", base_url=SITE).text
    before = stored(database)
    press(client, page, address.format(counter="so-noi-vu-1", agency="so-noi-vu"), expect=404)
    assert stored(database) == before


@pytest.mark.parametrize("address", CHANGES)
def test_nothing_changes_without_the_token_nor_by_looking(sign_in, database, address):
    client = sign_in("canbo")
    before = stored(database)
    own = address.format(counter="xa-ea-o-1", agency="xa-ea-o")
    client.post(own, base_url=SITE, headers={"Referer": f"{SITE}/console/"}, expect=400)
    client.get(own, base_url=SITE, expect=405)
    assert stored(database) == before


def test_what_was_never_printed_cannot_be_withdrawn(sign_in):
    client = sign_in("canbo")
    page = client.get("/console/counters/xa-ea-o-1", base_url=SITE).text
    press(client, page, "/console/counters/xa-ea-o-1/posters/9/revoke", expect=404)
