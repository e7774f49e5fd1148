"""Which column of a list is what: by the names that offices give them, or as told; and what never goes into a frame."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from survey.i18n import mark
from survey.services.import_problems import rejected, shown
from survey.services.vietnamese import slug, tidy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What a column is called where nothing is said, most telling first; as `slug` writes it.
NAMES = {
    "agency": (
        *("agency", "agency-code", "ma-co-quan", "ma-don-vi", "co-quan-giai-quyet", "don-vi-giai-quyet"),
        *("co-quan-thuc-hien", "don-vi-thuc-hien", "co-quan-xu-ly", "don-vi-xu-ly", "ten-co-quan", "ten-don-vi"),
        *("co-quan", "don-vi", "office"),
    ),
    "field": ("field", "linh-vuc", "ten-linh-vuc", "linh-vuc-tthc", "linh-vuc-thu-tuc", "sector"),
    "day": (
        *("day", "date", "ngay-tra-ket-qua", "ngay-nhan-ket-qua", "ngay-tra-kq", "ngay-nhan-kq", "ngay-tra"),
        *("ngay-nhan", "ngay-ket-thuc", "ngay-hoan-thanh", "result-date", "received-on"),
    ),
    "status": ("status", "trang-thai", "trang-thai-ho-so", "tinh-trang", "tinh-trang-ho-so"),
    "person": (
        *("so-cccd", "cccd", "so-dinh-danh", "so-dinh-danh-ca-nhan", "ma-dinh-danh", "so-cccd-cmnd", "cccd-cmnd"),
        *("so-cmnd-cccd", "cmnd-cccd", "so-cmnd", "cmnd", "so-giay-to", "so-giay-to-tuy-than", "identity-number"),
        *("id-number", "citizen-id", "person"),
    ),
}
REQUIRED = ("agency",)
# A list from an office begins with its letterhead and a title.
MOST_LINES_ABOVE = 20
_PERSONAL = re.compile(
    r"(?:^|-)(?:ho-ten|ho-va-ten|ho-dem|ten-nguoi|ten-cong-dan|ten-chu|nguoi-nop|chu-ho-so|nguoi-nhan|nguoi-yeu-cau"
    r"|dien-thoai|sdt|so-dt|phone|mobile|tel|cccd|cmnd|cmt|dinh-danh|giay-to-tuy-than|ho-chieu|passport|identity"
    r"|dia-chi|address|e-?mail|ngay-sinh|nam-sinh|birth|dob|zalo|full-name|surname|first-name|last-name)(?:-|$)"
)


@dataclass(frozen=True, slots=True)
class FrameColumns:
    """Where in a record things are."""

    heading: tuple[str, ...]
    places: Mapping[str, tuple[int, ...]]  # By what they are; a person may be several columns together.
    kept: Mapping[str, int]  # Further columns that go into the frame, by name.

    def named(self) -> dict[str, str]:
        """The headings of what was found, for people."""
        return {role: "+".join(self.heading[at] for at in places) for role, places in self.places.items()}


def told(pairs: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What `agency=Đơn vị` and `person=Họ tên+Điện thoại` say."""
    found = {}
    for pair in pairs:
        role, equals, columns = pair.partition("=")
        role = role.strip()
        if not equals or role not in NAMES:
            raise rejected(
                mark("“{value}” does not say which column is what."),
                mark("Write one of {roles}, an equals sign and the heading, as in agency=Đơn vị."),
                value=shown(pair),
                roles=", ".join(NAMES),
            )
        found[role] = tuple(tidy(column) for column in columns.split("+"))
    return found


def find_heading(
    records: Sequence[Sequence[str]],
    mapping: Mapping[str, tuple[str, ...]],
    keep: Sequence[str],
    *,
    added: Sequence[str],
) -> tuple[int, FrameColumns]:
    """Which record is the heading, and the columns; raises ImportRejected where no record can be."""
    for at, record in enumerate(records[:MOST_LINES_ABOVE]):
        heading = tuple(tidy(cell) for cell in record)
        if _has(heading, "agency", mapping):
            return at, _columns(heading, mapping, keep, added=added, line=at + 1)
    raise _no_agency(records, mapping)


def _has(heading: Sequence[str], role: str, mapping: Mapping[str, tuple[str, ...]]) -> bool:
    if role in mapping:
        return all(column in heading for column in mapping[role])
    return _by_name(heading, role) is not None


def _by_name(heading: Sequence[str], role: str) -> int | None:
    slugs = [slug(name) for name in heading]
    return next((slugs.index(name) for name in NAMES[role] if name in slugs), None)


def _columns(
    heading: tuple[str, ...],
    mapping: Mapping[str, tuple[str, ...]],
    keep: Sequence[str],
    *,
    added: Sequence[str],
    line: int,
) -> FrameColumns:
    twice = next((name for at, name in enumerate(heading) if name and name in heading[:at]), None)
    if twice is not None:
        raise rejected(
            mark("The heading has the column “{column}” twice."),
            mark("Rename one of the two."),
            line=line,
            column=shown(twice),
        )
    places: dict[str, tuple[int, ...]] = {}
    for role in NAMES:
        found = _by_name(heading, role)
        if role in mapping:
            places[role] = tuple(_place(heading, column, line=line) for column in mapping[role])
        elif found is not None:
            places[role] = (found,)
    for column in keep:
        _check_keepable(column, added=added)
    return FrameColumns(heading, places, {column: _place(heading, column, line=line) for column in keep})


def _place(heading: Sequence[str], column: str, *, line: int) -> int:
    if column in heading:
        return heading.index(column)
    close = get_close_matches(column, [name for name in heading if name], n=1, cutoff=0.5)
    remedy = mark("Did you mean “{nearest}”?") if close else mark("The columns are: {columns}.")
    raise rejected(
        mark("There is no column “{column}”."),
        remedy,
        line=line,
        column=shown(column),
        nearest=close[0] if close else "",
        columns=", ".join(name for name in heading if name),
    )


def _check_keepable(column: str, *, added: Sequence[str]) -> None:
    if _PERSONAL.search(slug(column)):
        raise rejected(
            mark("The column “{column}” tells who somebody is, and a frame does not."),
            mark("Leave it out of --keep."),
            column=shown(column),
        )
    if column in added:
        raise rejected(
            mark("The frame has a column “{column}” of its own."),
            mark("Rename the list's column before keeping it."),
            column=shown(column),
        )


def _no_agency(records: Sequence[Sequence[str]], mapping: Mapping[str, tuple[str, ...]]) -> Exception:
    widest = max(records[:MOST_LINES_ABOVE], key=lambda record: sum(map(bool, record)), default=[])
    columns = ", ".join(shown(tidy(cell)) for cell in widest if cell)
    if "agency" in mapping:
        return rejected(
            mark("There is no column “{column}”."),
            mark("The columns are: {columns}."),
            column="+".join(mapping["agency"]),
            columns=columns,
        )
    return rejected(
        mark("No column was recognised as that of the agency."),
        mark("Say which it is by --map agency=COLUMN; the columns are: {columns}."),
        columns=columns,
    )
