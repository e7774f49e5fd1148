"""How the programs of tests/load and tests/faults end: figures as JSON or in words, and a status."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from typing import NoReturn

import report


def parser(description: str | None) -> argparse.ArgumentParser:
    """What all of them understand."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--json", action="store_true", help="print the figures as JSON")
    made.add_argument("--write", action="store_true", help="replace the section in docs/benchmarks.md")
    return made


def conclude(options: argparse.Namespace, section: str, figures: dict, words: str, *, sound: bool) -> NoReturn:
    """Say what was found, and end well where it is `sound`."""
    print(json.dumps(figures | {"sound": sound}) if options.json else words)  # noqa: T201 - a program.
    if options.write:
        report.write(section, words, date=dt.datetime.now(dt.UTC).date().isoformat())
    sys.exit(0 if sound else 1)
