"""Six digits that a slip of the finger cannot turn into another counter's."""

import itertools

import pytest

from survey.services import counters
from survey.services.short_codes import is_short_code, short_code_for


def test_the_check_digit_is_that_of_the_published_example():
    # Damm's own example, as in every description of the algorithm: 572 has the check digit 4.
    assert is_short_code("005724")
    assert [digit for digit in "0123456789" if is_short_code(f"00572{digit}")] == ["4"]


@pytest.mark.parametrize("counter", ["xa-ea-o-1", "so-noi-vu-1", "phuong-tuy-hoa-3"])
def test_no_wrong_digit_and_no_swap_of_neighbours_gives_a_code(counter):
    code = short_code_for(counter)
    assert is_short_code(code)
    for place, digit in itertools.product(range(6), "0123456789"):
        mistyped = code[:place] + digit + code[place + 1 :]
        assert is_short_code(mistyped) == (mistyped == code)
    for place in range(5):
        swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        assert is_short_code(swapped) == (swapped == code)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345x", "１２３４５６", "-12345", "12 456"])
def test_what_is_not_six_digits_is_no_code(typed):
    assert not is_short_code(typed)


def test_a_code_that_is_taken_goes_to_nobody_else():
    first = short_code_for("xa-ea-o-1")
    assert short_code_for("xa-ea-o-1", taken={first}) != first


def test_every_counter_has_digits_of_its_own(database, seeded):
    with database.reading() as session:
        codes = [counter.short_code for counter in counters.listing(session)]
    assert len(set(codes)) == len(codes) == 3
    assert all(map(is_short_code, codes))
