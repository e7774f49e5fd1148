import base64
import hashlib
import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.services import codes
from survey.services.codes import CodeParts
from survey.services.errors import ForgedCode, UnknownCode

KEY = b"k" * 32
numbers = st.integers(1, 999_999_999)
serials = st.integers(1, 99_999)


def tag_by_another_way(text, key):
    # RFC 4648's base 32 of the same bits: 65 bits are 13 signs, and its alphabet maps onto Crockford's in order.
    digest = hmac.new(key, text.encode(), hashlib.sha256).digest()
    signs = base64.b32encode(digest).decode()[:13]
    return signs.translate(str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"))


def test_the_signature_is_hmac_sha256_cut_to_65_bits():
    assert codes.code_for(12, 1, key=KEY) == "12-1-" + tag_by_another_way("12-1", KEY)


@given(number=numbers, serial=serials)
def test_a_code_says_what_was_signed(number, serial):
    assert codes.parse(codes.code_for(number, serial, key=KEY), key=KEY) == CodeParts(number, serial)


@given(number=numbers, serial=serials, key=st.binary(min_size=32, max_size=32).filter(lambda key: key != KEY))
def test_another_key_is_a_forgery(number, serial, key):
    with pytest.raises(ForgedCode):
        codes.parse(codes.code_for(number, serial, key=key), key=KEY)


@given(number=numbers, serial=serials, place=st.integers(0, 12), sign=st.sampled_from(codes.SIGNS))
def test_a_changed_sign_is_a_forgery(number, serial, place, sign):
    code = codes.code_for(number, serial, key=KEY)
    tag = code[-13:]
    if tag[place] == sign:
        return
    with pytest.raises(ForgedCode):
        codes.parse(code[:-13] + tag[:place] + sign + tag[place + 1 :], key=KEY)


@given(number=numbers, serial=serials)
def test_the_next_counter_and_the_next_poster_need_their_own_signature(number, serial):
    tag = codes.code_for(number, serial, key=KEY)[-13:]
    for other in (f"{number % 999_999_999 + 1}-{serial}", f"{number}-{serial % 99_999 + 1}"):
        with pytest.raises(ForgedCode):
            codes.parse(f"{other}-{tag}", key=KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12",
        "12-1",
        "12-1-ABCDEFGHJKMN",
        "12-1-ABCDEFGHJKMNPQ",
        "012-1-ABCDEFGHJKMNP",
        "0-1-ABCDEFGHJKMNP",
        "12-0-ABCDEFGHJKMNP",
        "12-1-abcdefghjkmnp",
        "12-1-ABCDEFGHJKMNI",
        "12-1-ABCDEFGHJKMNP\n",
        " 12-1-ABCDEFGHJKMNP",
        "١٢-1-ABCDEFGHJKMNP",
        "9999999999-1-ABCDEFGHJKMNP",
        "12-1-ABCDEFGHJKMNP' OR 1=1",
        "1" * 100_000,
    ],
)
def test_what_is_no_code_is_unknown(text):
    with pytest.raises(UnknownCode):
        codes.parse(text, key=KEY)


@given(st.text(max_size=40))
def test_any_text_at_all_is_refused_quietly(text):
    with pytest.raises((UnknownCode, ForgedCode)):
        codes.parse(text, key=KEY)


def test_logs_and_errors_never_hold_the_signature():
    code = codes.code_for(12, 1, key=KEY)
    tag = code[-13:]
    assert str(codes.parse(code, key=KEY)) == "12-1"
    with pytest.raises(ForgedCode) as caught:
        codes.parse(code, key=b"other" * 8)
    assert tag not in repr(caught.value) + str(caught.value.values)


def test_a_code_typed_by_hand_is_read_kindly():
    assert codes.as_printed(" 12-1-abcdefghjkmn0 ") == "12-1-ABCDEFGHJKMN0"
    assert codes.as_printed("12-1-oil0000000000") == "12-1-0110000000000"


@given(number=numbers, serial=serials)
def test_the_address_stays_in_the_qr_codes_alphanumeric_mode(number, serial):
    url = codes.answer_url("https://hailong.example.vn", codes.code_for(number, serial, key=KEY))
    assert re.fullmatch(r"[0-9A-Z $%*+\-./:]+", url)
    assert url.startswith("HTTPS://HAILONG.EXAMPLE.VN/R/")
