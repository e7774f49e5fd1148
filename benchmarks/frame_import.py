"""Import a list of a million rows, CSV and XLSX, and say how long it took and how much memory at most.

    python benchmarks/frame_import.py [--rows 1000000] [--repeats 3] [--write]

Each run is the whole command in a process of its own: start, reading, HMAC of every person, duplicates, counts, and the
frame and its strata written. One person in ten is listed twice.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import report

from survey.services import agencies

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
HEADING = ["STT", "Đơn vị", "Lĩnh vực", "Ngày trả kết quả", "Trạng thái", "Họ và tên", "Số điện thoại", "Số CCCD"]
FIELDS = ["Hộ tịch", "Đất đai", "Chứng thực", "Việc làm", "Bảo trợ xã hội"]
SEED = 20261125
# The command in this process, and behind its output the most memory that it ever had, in MiB.
MEASURED = (
    "import re, sys, time; from pathlib import Path; from survey.cli import commands; "
    "commands(sys.argv[1:], standalone_mode=False); "
    # Of this process only: what `resource` tells begins with the memory of the process that started it.
    "most = re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]; "
    "print(int(most) // 1024, time.process_time())"
)
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def main() -> None:
    options, load = _options(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = []
        for kind, make, repeats, size in (
            ("CSV", make_csv, options.repeats, options.rows),
            ("CSV, a tenth of the rows", make_csv, options.repeats, options.rows // 10),
            ("XLSX", make_xlsx, 1, options.rows),
            ("XLSX, a tenth of the rows", make_xlsx, options.repeats, options.rows // 10),
        ):
            path = make(folder, size)
            runs = [command(path, folder, size) for _ in range(repeats)]
            seconds, memory, busy = (report.median([run[at] for run in runs]) for at in range(3))
            megabytes = path.stat().st_size / 1e6
            rows.append(
                (
                    kind,
                    f"{megabytes:.0f}",
                    f"{seconds:.1f}",
                    f"{size / seconds:,.0f}",
                    f"{busy:.1f}",
                    f"{size / busy:,.0f}",
                    f"{memory:.0f}",
                    repeats,
                )
            )
    table = report.table(
        ("file", "MB", "seconds", "rows a second", "of the processor", "rows a second of it", "MiB at most", "runs"),
        rows,
    )
    body = (
        f"`sipas frame import`, lists of {options.rows:,} rows of eight columns and of a tenth of that; medians "
        f"of the whole command with its start. Load of the machine when it began: {load:.1f}.\n\n{table}"
    )
    if options.write:
        report.write("Frame import", body, date=dt.datetime.now(tz=dt.UTC).date().isoformat())
    else:
        print(body)


def listed(rows: int) -> Iterator[list[str]]:
    """A list of transactions as the one-stop system exports it."""
    rng = random.Random(SEED)
    names = [agency.name for agency in agencies.shipped()]
    days = [f"{dt.date(2026, 1, 1) + dt.timedelta(days=day):%d/%m/%Y}" for day in range(330)]
    for number in range(rows):
        person = rng.randrange(number) if number and rng.random() < 0.1 else number
        yield [
            str(number + 1),
            rng.choice(names),
            rng.choice(FIELDS),
            rng.choice(days),
            "Đã trả kết quả" if rng.random() < 0.9 else "Đang xử lý",
            f"Nguyễn Thị {person}",
            f"09{person:08}",
            f"066{person:09}",
        ]


def make_csv(folder: Path, rows: int) -> Path:
    path = folder / "list.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADING)
        writer.writerows(listed(rows))
    return path


def make_xlsx(folder: Path, rows: int) -> Path:
    """A workbook as Excel writes it: every text in the table of shared ones."""
    path, texts = folder / "list.xlsx", dict[str, int]()
    office = "http://schemas.openxmlformats.org"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f"<worksheet {MAIN}><sheetData>".encode())
            for number, row in enumerate([HEADING, *listed(rows)], start=1):
                cells = "".join(
                    f'<c r="{letter}{number}" t="s"><v>{texts.setdefault(text, len(texts))}</v></c>'
                    for letter, text in zip("ABCDEFGH", row, strict=True)
                )
                sheet.write(f'<row r="{number}">{cells}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")
        with book.open("xl/sharedStrings.xml", "w", force_zip64=True) as shared:
            shared.write(f"<sst {MAIN}>".encode())
            shared.writelines(f"<si><t>{escape(text)}</t></si>".encode() for text in texts)
            shared.write(b"</sst>")
        book.writestr(
            "xl/workbook.xml",
            f'<workbook {MAIN} xmlns:r="{office}/officeDocument/2006/relationships"><sheets>'
            '<sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{office}/package/2006/relationships">'
            '<Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>',
        )
    return path


def command(path: Path, folder: Path, rows: int) -> tuple[float, float, float]:
    """Seconds, MiB and seconds of the processor of one run."""
    call = [sys.executable, "-c", MEASURED, "frame", "import", str(path), "--shipped-agencies"]
    call += ["--out", str(folder / "frame.csv"), "--strata", str(folder / "strata.csv"), "--format", "json"]
    start = time.perf_counter()
    done = subprocess.run(call, check=True, capture_output=True, cwd=ROOT, text=True)
    took = time.perf_counter() - start
    document, used = done.stdout.splitlines()
    assert json.loads(document)["rows"] == rows  # noqa: S101 - a wrong run must not be reported.
    memory, busy = map(float, used.split())
    return took, memory, busy


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="replace the section of docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
