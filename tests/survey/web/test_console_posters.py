import io

import pypdfium2
import pytest
import zxingcpp

from survey.services import codes

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


def test_the_file_has_a_page_for_each_counter_whose_code_can_be_read(sign_in):
    data = sign_in("canbo").get("/console/agencies/xa-ea-o/posters.pdf", base_url=SITE).data
    pages = pypdfium2.PdfDocument(io.BytesIO(data))
    read = [zxingcpp.read_barcode(page.render(scale=2).to_pil()).text for page in pages]
    assert len(read) == 2
    assert len(set(read)) == 2
    assert all(text.startswith("HTTPS://HAILONG.EXAMPLE.VN/R/") for text in read)
