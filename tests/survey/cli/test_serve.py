"""`sipas serve`: the site of an installation, with its settings all there or all named."""

from __future__ import annotations

import json
import socket
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from survey.cli.serve import command


def test_it_serves_the_pages_of_its_installation(sipas, serve, seeded):
    address = serve(sipas)
    with urlopen(f"{address}/health", timeout=20) as answer:
        assert json.load(answer)["status"] == "ok"
    with urlopen(f"{address}/waves/{seeded.wave.code}", timeout=20) as page:
        assert seeded.wave.title in page.read().decode()


def test_settings_that_are_missing_are_all_named_at_once(stranger):
    said = stranger.refused("serve")
    for name in ("SIPAS_DATABASE_URL", "SIPAS_PUBLIC_BASE_URL", "SIPAS_SECRET_FILE"):
        assert f"Hãy đặt {name}" in said
    assert "README" in said


@pytest.mark.parametrize("bind", ["localhost", "127.0.0.1:99999", "127.0.0.1:"])
def test_an_address_without_a_port_is_wrong_usage(bind):
    # Nothing is read or opened yet, so that no process of its own is needed.
    ended = CliRunner().invoke(command, ["--bind", bind])
    assert ended.exit_code == 2
    assert "HOST:PORT" in ended.stderr


def test_a_port_in_use_is_said_in_a_sentence(desk):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        assert desk.refused("serve", "--bind", bind).startswith(f"Không thể lắng nghe tại {bind}")
        assert desk.refused("serve", "--bind", bind, language="en").startswith(f"Cannot listen on {bind}")


def test_a_database_without_tables_is_not_served(empty_desk):
    assert "`sipas init`" in empty_desk.refused("serve", "--bind", "127.0.0.1:0")


def test_a_database_that_cannot_be_opened_is_said_in_a_sentence(empty_desk):
    (empty_desk.folder / "sipas.db").mkdir()
    said = empty_desk.refused("serve", "--bind", "127.0.0.1:0")
    assert said.startswith("Không dùng được cơ sở dữ liệu: ")
