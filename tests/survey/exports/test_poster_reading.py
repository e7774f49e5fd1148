"""Posters read by another's decoder through what a hall does to them: a short form of benchmarks/poster_reading.py."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
import zxingcpp

from survey.exports import posters_pdf
from survey.services import codes
from survey.services.posters import Poster

LOOKS = 4
DOTS_PER_INCH = (100, 150)


def program(name):
    """A program of benchmarks/, which is no package."""
    spec = spec_from_file_location(name, Path(__file__).parents[3] / "benchmarks" / f"{name}.py")
    sys.modules[name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


poster_views = program("poster_views")


@pytest.fixture(scope="module")
def printed():
    """A PDF of two posters in each format; the numbers of a province's last counters make the longest addresses."""
    posters = [
        Poster(
            "Sở Nội vụ",
            "Quầy số 1",
            codes.answer_url("https://hailong.daklak.gov.vn", codes.code_for(number, 12, key=b"k" * 32)),
            12,
            "216483",
            "1022",
        )
        for number in (1998, 1999)
    ]
    spoken = posters_pdf.spoken(("vi", "en"))
    return {form: posters_pdf.pdf(posters, form=form, languages=spoken) for form in posters_pdf.FORMATS}


def unread(pdf, disturbance, *, dots_per_inch, seed):
    """The looks at a poster whose address the decoder did not find."""
    rng = np.random.default_rng(seed)
    seen = [poster_views.print_of(pdf, dots_per_inch=dots_per_inch, page=page) for page in (0, 1)]
    missed = []
    for look in range(LOOKS):
        code, how = seen[look % 2], disturbance(rng)
        found = zxingcpp.read_barcodes(poster_views.view(code, how, rng), formats=zxingcpp.BarcodeFormat.QRCode)
        if code.text not in {one.text for one in found}:
            missed.append(how)
    return missed


@pytest.mark.parametrize("form", posters_pdf.FORMATS)
@pytest.mark.parametrize("name", poster_views.ALONE)
def test_a_poster_is_read_blurred_aslant_partly_hidden_or_badly_lit(printed, form, name):
    missed = [unread(printed[form], poster_views.ALONE[name], dots_per_inch=dots, seed=dots) for dots in DOTS_PER_INCH]
    assert missed == [[], []]


@pytest.mark.parametrize("form", posters_pdf.FORMATS)
def test_a_poster_is_read_with_all_of_these_at_once(printed, form):
    # At 100 dots to the inch a sticker's module is under three pixels: docs/benchmarks.md says how many are read then.
    assert unread(printed[form], poster_views.together, dots_per_inch=150, seed=1) == []


def test_what_is_called_hidden_is_hidden_and_the_eyes_are_not(printed):
    # Counted without the program's own mask: what of a grey print is no longer grey.
    rng = np.random.default_rng(7)
    code = poster_views.print_of(printed["a6"], dots_per_inch=150)
    paper = np.full_like(np.asarray(code.picture), 200)
    grey = poster_views.replace(code, picture=poster_views.Image.fromarray(paper))
    for _ in range(20):
        seen = np.asarray(poster_views.view(grey, poster_views.covered(rng), rng))
        top, left, side = (round(part) for part in (code.top, code.left, code.side))
        changed = (seen != 200)[top : top + side, left : left + side]
        assert changed.mean() == pytest.approx(0.15, abs=0.004)
        assert (seen != 200).sum() == changed.sum()
        eye = round(7 * side / code.modules)
        assert not np.concatenate([changed[:eye, :eye], changed[:eye, -eye:], changed[-eye:, :eye]]).any()
