"""The short forms of the programs beside this file; how they end is what they found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
CUT, BUSY, BROKEN, TOO_OLD = "0", "503", "500", "400"
NOTHING_AMISS = {
    **dict.fromkeys(("lost", "doubled", "partial", "unacknowledged"), 0),
    "integrity": "ok",
}


def said(program, *arguments):
    """The figures that a program prints, once the rows have been held against the receipts."""
    command = [sys.executable, HERE / program, "--json", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    accounts = figures["accounts"]
    assert accounts["rows"] == accounts["acknowledged"] > 0
    assert {name: accounts[name] for name in NOTHING_AMISS} == NOTHING_AMISS
    return figures


def check_fair(figures, replies):
    """Every reply but a receipt was one of these, and gave all answers back."""
    assert figures["replies"].keys() == replies
    given_up = ("without_answers", "without_hint", "changed", "counted_twice")
    assert [figures[name] for name in given_up] == [0] * len(given_up)


def test_no_receipt_is_lost_or_doubled_when_the_site_is_killed():
    check_fair(said("kill.py", "--kills", "5", "--citizens", "12"), {CUT})


def test_a_full_disk_gives_the_answers_back():
    check_fair(said("disk_full.py", "--seconds", "1"), {BUSY})


def test_a_database_held_by_another_program_gives_the_answers_back():
    figures = said("locked.py", "--seconds", "3", "--patience", "1")
    check_fair(figures, {BUSY})
    assert figures["opened"]


def test_a_clock_that_jumps_a_day_neither_loses_nor_repeats_a_form():
    figures = said("clock.py", "--citizens", "12")
    check_fair(figures, {TOO_OLD})
    assert figures["misplaced"] == 0


def test_when_memory_runs_out_the_other_process_goes_on():
    figures = said("memory.py", "--kills", "2", "--seconds", "1")
    assert figures["killed"]["replies"].keys() <= {CUT}
    check_fair(figures["memory"], {BROKEN})
    assert figures["meanwhile"]
