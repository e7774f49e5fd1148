"""Files with names or codes: new, for nobody else to read, and not left behind where something fails."""

from __future__ import annotations

import stat

import pytest

from survey.cli import Refusal
from survey.cli.private_files import private_file


def test_it_is_there_while_and_after_and_its_owners_alone(tmp_path):
    path = tmp_path / "list.csv"
    with private_file(path, b"name"):
        assert path.read_bytes() == b"name"
    assert path.read_bytes() == b"name"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_it_is_gone_where_something_fails(tmp_path, failure):
    with pytest.raises(failure), private_file(tmp_path / "list.csv", b"name"):
        raise failure
    assert list(tmp_path.iterdir()) == []


def test_another_file_is_left_as_it_is(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(b"earlier")
    with pytest.raises(Refusal, match=r"list\.csv"), private_file(path, b"name"):
        pytest.fail("it must not come to this")
    assert path.read_bytes() == b"earlier"
