"""What a page with the form shows: its token, where it goes and what is marked in it."""

from __future__ import annotations

import html5lib

ANSWERS = dict.fromkeys(("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu"), "4")


def parsed(page):
    return html5lib.parse(page.text, namespaceHTMLElements=False)


def token_of(page):
    return next(field.get("value") for field in parsed(page).iter("input") if field.get("name") == "form_token")


def held(page):
    """Where the form goes, and what is marked in it."""
    (form,) = (one for one in parsed(page).iter("form") if one.get("id") == "answers")
    return form.get("action"), {
        one.get("name"): one.get("value") for one in form.iter("input") if "checked" in one.attrib
    }
