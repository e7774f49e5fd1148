"""The made-up data of docs/worked-example.md: a list, the fieldwork played, and the file that `responses import` reads.

    python3 docs/example/example.py list OUT
    python3 docs/example/example.py fieldwork SAMPLE OUT
    python3 docs/example/example.py responses WEIGHTED OUT

Nobody in it exists: names are numbers, identity numbers begin with 999, which no province has. What a person answers
follows from the number of the transaction alone, so that every sample drawn from the list can be played.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import random
from pathlib import Path

TITLE = "DANH SÁCH MINH HỌA: SỐ LIỆU TỰ ĐẶT RA, KHÔNG CÓ NGƯỜI THẬT"
CASE, AGENCY = "Mã hồ sơ", "Đơn vị"
HEADING = [CASE, AGENCY, "Lĩnh vực", "Ngày trả kết quả", "Trạng thái", "Họ và tên", "Số CCCD"]
# Transactions of each office, and the share of its clients who will be satisfied.
OFFICES = {"Sở Nội vụ": (300, 0.90), "Phường Buôn Ma Thuột": (420, 0.70), "Phường Tuy Hòa": (360, 0.85)}
OFFICES |= {"Xã Xuân Lộc": (120, 0.75), "Ban quản lý chợ": (20, 0.80)}  # The last is no agency of the province.
TWICE, WAITING = 0.05, 0.04
FIELDS = ("Hộ tịch", "Chứng thực", "Đất đai")
DIMENSIONS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")
FAVOURABLE = 4
# AAPOR's codes, and how many of a hundred drawn end so.
DISPOSITIONS = {"1.1": 70, "2.11": 10, "2.2": 12, "3.1": 3, "4.1": 5}
OF_THE_RESPONSES = {"agency": "agency", "stratum": "stratum", "weight": "weight_nonresponse"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["list", *CHANGES])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    options = parser.parse_args()
    *sources, out = options.files
    rows = listed() if options.what == "list" else [CHANGES[options.what](row) for row in read(sources[0])]
    write(out, [row for row in rows if row], title=TITLE if options.what == "list" else None)


def listed() -> list[dict[str, str]]:
    """Transactions of three months; some persons come twice, some still wait for their result."""
    rng = random.Random("2026")
    rows = []
    for office, (count, _) in OFFICES.items():
        for _ in range(count):
            number = len(rows) + 1
            person = rng.randrange(1, number) if number > 1 and rng.random() < TWICE else number
            day = dt.date(2026, 7, 1) + dt.timedelta(days=rng.randrange(92))
            values = [
                *(f"DL-{number:05}", office, rng.choice(FIELDS), f"{day:%d/%m/%Y}"),
                *(
                    "Đang xử lý" if rng.random() < WAITING else "Đã trả kết quả",
                    f"Người số {person}",
                    f"999{person:09}",
                ),
            ]
            rows.append(dict(zip(HEADING, values, strict=True)))
    return rows


def met(row: dict[str, str]) -> dict[str, str]:
    """What became of somebody drawn; whoever answered does not stand beside the number of the transaction."""
    rng = random.Random(row[CASE])
    disposition = rng.choices(list(DISPOSITIONS), weights=list(DISPOSITIONS.values()))[0]
    answers = dict.fromkeys(DIMENSIONS, "")
    if disposition.startswith("1"):
        satisfied = SATISFIED[row["agency"]]
        answers = {name: str(rng.choice((4, 5) if rng.random() < satisfied else (1, 2, 3))) for name in DIMENSIONS}
    kept = {name: value for name, value in row.items() if name not in {CASE, "unit", "day"}}
    return kept | {"disposition": disposition} | answers


def response(row: dict[str, str]) -> dict[str, str]:
    """A respondent as the installation reads it, with the weight that the non-response left."""
    named = {name: row[column] for name, column in OF_THE_RESPONSES.items()}
    return named | {"answered_on": "2026-10-15"} | {name: row[name] for name in DIMENSIONS}


CHANGES = {"fieldwork": met, "responses": response}
SATISFIED = dict(
    zip(
        ("so-noi-vu", "phuong-buon-ma-thuot", "phuong-tuy-hoa", "xa-xuan-loc"),
        (share for _, share in OFFICES.values()),
        strict=False,
    )
)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write(path: Path, rows: list[dict[str, str]], *, title: str | None) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0], lineterminator="\n")
        if title:
            stream.write(title + "\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
