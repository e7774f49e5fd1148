"""A site is called running once it has answered, and not before."""

import socket

from survey.cli import serving


def test_a_site_that_never_answers_is_not_called_running(capsys):
    # A socket that is bound and does not listen refuses every visitor.
    called = []
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        serving._announce("127.0.0.1", silent.getsockname()[1], lambda: called.append("ready"), patience=0.3)
    assert called == []
    assert "chưa trả lời" in capsys.readouterr().err


def test_a_site_that_answers_is_called_running(served):
    called = []
    serving._announce("127.0.0.1", int(served.rpartition(":")[2]), lambda: called.append("ready"), patience=5)
    assert called == ["ready"]
