"""The short forms of the programs beside this file: what they count, and nothing of how fast the machine is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent


def said(program, *arguments):
    command = [sys.executable, HERE / program, "--json", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=180)
    assert done.stdout, done.stderr
    figures = json.loads(done.stdout)
    accounts = figures["accounts"]
    assert accounts["rows"] == accounts["acknowledged"] > 0
    assert accounts["lost"] == accounts["doubled"] == accounts["partial"] == 0
    assert accounts["integrity"] == "ok"
    assert figures["errors"] == 0
    return figures


def test_every_submission_has_its_receipt_and_its_row():
    figures = said("load.py", "--rate", "10", "--seconds", "3")
    assert figures["sent"] > 10


def test_slow_connections_cost_nobody_a_receipt():
    figures = said("slow.py", "--connections", "200", "--rate", "10", "--seconds", "2")
    _p50, _p99, _longest, still_open = figures["with"]
    assert still_open == 200
