"""Where measurements go: one section of docs/benchmarks.md for each program, replaced whole when it runs again."""

from __future__ import annotations

import os
import platform
import re
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"


def machine() -> str:
    """The machine in a line: what a reader needs to compare figures."""
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf8"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    name = model.group(1) if model else platform.processor()
    return f"{os.cpu_count()} cores ({name}), {memory:.0f} GiB, Python {platform.python_version()}, {platform.system()}"


def median(values: list[float]) -> float:
    return statistics.median(values)


def table(header: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    """A Markdown table."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def write(section: str, body: str, *, date: str) -> None:
    """Replace the section called `section`, or add it at the end."""
    program = Path(sys.argv[0]).resolve().relative_to(ROOT)
    command = " ".join(["python", str(program), *sys.argv[1:]])
    text = f"## {section}\n\nMeasured {date}: `{command}` on {machine()}.\n\n{body.strip()}\n"
    page = PAGE.read_text(encoding="utf8")
    pattern = re.compile(rf"^## {re.escape(section)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    page = pattern.sub(lambda _: text + "\n", page) if pattern.search(page) else f"{page.rstrip()}\n\n{text}"
    PAGE.write_text(page.rstrip() + "\n", encoding="utf8")
    print(text)
