"""The command as a person runs it: a process of its own, whose settings are those of its environment."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from survey import cli, i18n

ROOT = Path(__file__).parents[3]
NOTHING_SET = dict.fromkeys(
    (
        "SIPAS_DATABASE_URL",
        "SIPAS_PUBLIC_BASE_URL",
        "SIPAS_SECRET_FILE",
        "SIPAS_TRUSTED_PROXIES",
        "SIPAS_OFFICE_NETWORKS",
        "SIPAS_HOTLINE",
        "SIPAS_POSTS_PER_MINUTE",
        "SIPAS_LANGUAGE",
    )
)


@dataclass(frozen=True)
class Shell:
    """A folder to be in, and the settings given there."""

    folder: Path
    settings: dict

    def command(self, *arguments):
        return [sys.executable, "-m", "survey", *map(str, arguments)]

    @property
    def environ(self):
        """Nothing of what this machine has set for `sipas`."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SIPAS_")}
        return {**inherited, "PYTHONPATH": str(ROOT), **self.settings}

    def run(self, *arguments, **settings):
        """What a command that ends said and how it ended; `SIPAS_LANGUAGE="en"` and the like for this run only."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environ | settings,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def done(self, *arguments, **settings):
        """The output of a command that must succeed."""
        ended = self.run(*arguments, **settings)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def refused(self, *arguments, status=1, **settings):
        """The message of a command that must refuse, in sentences and not as a traceback, and print nothing."""
        ended = self.run(*arguments, **settings)
        assert ended.returncode == status, ended.stderr
        assert "Traceback" not in ended.stderr
        assert ended.stdout == ""
        return ended.stderr

    def started(self, *arguments):
        """A command that goes on."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def stranger(tmp_path):
    """A shell in a folder without an installation."""
    return Shell(tmp_path, {})


@pytest.fixture
def sipas(settings, seeded, tmp_path):
    """A shell at the installation of the seeded province."""
    given = {"SIPAS_DATABASE_URL": settings.database_url, "SIPAS_PUBLIC_BASE_URL": settings.public_base_url}
    return Shell(tmp_path, given)


@dataclass(frozen=True)
class Desk:
    """The same commands within this process, where only what they say and do matters: a second sooner each."""

    folder: Path
    settings: dict

    def invoke(self, *arguments, language="vi"):
        # The runner's own handling of files: results go to where the arguments say.
        arguments = [str(argument) for argument in arguments]
        with i18n.speaking(i18n.find(language)):
            ended = CliRunner(env=self.settings).invoke(cli.commands, arguments, prog_name="sipas")
            if ended.exception is None or isinstance(ended.exception, SystemExit):
                return ended.exit_code, ended.stdout_bytes, ended.stderr
            # As `main` does, which test_main.py holds in a process of its own.
            said = cli.explain(ended.exception)
        if said is None:
            raise ended.exception
        return 1, ended.stdout_bytes, said

    def done(self, *arguments, **options):
        """The output of a command that must succeed."""
        status, output, said = self.invoke(*arguments, **options)
        assert status == 0, said
        return output.decode()

    def refused(self, *arguments, status=1, **options):
        """The message of a command that must refuse and print nothing."""
        ended, output, said = self.invoke(*arguments, **options)
        assert (ended, output) == (status, b""), said
        return said


@pytest.fixture
def desk(settings, seeded, tmp_path):
    """The commands at the installation of the seeded province."""
    given = {"SIPAS_DATABASE_URL": settings.database_url, "SIPAS_PUBLIC_BASE_URL": settings.public_base_url}
    return Desk(tmp_path, NOTHING_SET | given)


@pytest.fixture
def empty_desk(tmp_path):
    """The commands at an installation whose database is not there yet."""
    given = {
        "SIPAS_DATABASE_URL": f"sqlite:///{tmp_path}/sipas.db",
        "SIPAS_PUBLIC_BASE_URL": "https://hailong.example.vn",
    }
    return Desk(tmp_path, NOTHING_SET | given)


@pytest.fixture(scope="module")
def shell_in():
    """`shell_in(folder)`: a shell in a folder that several tests share."""
    return lambda folder, **given: Shell(folder, given)


def stop(process):
    """End a served site as an operating system does; what it still said."""
    process.terminate()
    said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    return said


@pytest.fixture(scope="session", name="stop")
def stopping():
    return stop


@pytest.fixture
def serve(stop):
    """Serves an installation at a free port: the address, once the site answers."""
    processes = []

    def serve(shell):
        port = free_port()
        process = shell.started("serve", "--bind", f"127.0.0.1:{port}")
        processes.append(process)
        # It says its public address when it answers.
        assert process.stderr.readline().strip() == shell.settings["SIPAS_PUBLIC_BASE_URL"]
        return f"http://127.0.0.1:{port}"

    yield serve
    for process in processes:
        said, _ = stop(process)
        assert said == ""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
