"""A real site in its own process, and a real browser to visit it with."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field

import pytest


@dataclass(frozen=True)
class Site:
    """A demo that is running, as its own first line of output describes it."""

    url: str
    wave: str
    counters: list[dict[str, str]]
    accounts: list[dict[str, str]]
    process: subprocess.Popen = field(repr=False)

    def counter_of(self, agency):
        return next(counter for counter in self.counters if counter["agency"] == agency)

    def officer(self):
        return next(account for account in self.accounts if account["role"] == "officer")


def start_demo(folder, *, responses, log=None):
    """A demo in that folder; `log` is an open file for what it says of itself, otherwise it goes to the terminal."""
    command = [sys.executable, "-m", "survey", "demo", "--port", "0", "--db", folder / "demo.db"]
    process = subprocess.Popen(
        [*command, "--responses", str(responses), "--seed", "7", "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    started = json.loads(process.stdout.readline())
    assert started.pop("simulated") is True
    return Site(process=process, **{name: started[name] for name in ("url", "wave", "counters", "accounts")})


def stop(site):
    site.process.terminate()
    assert site.process.wait(timeout=20) == 0
    with site.process.stdout as rest:
        assert rest.read() == ""


@pytest.fixture
def empty_site(tmp_path):
    """A demo without simulated responses: what is on its pages was answered by the test."""
    site = start_demo(tmp_path, responses=0)
    yield site
    stop(site)


@pytest.fixture(scope="module")
def busy_site(tmp_path_factory):
    """A demo with a simulated year."""
    site = start_demo(tmp_path_factory.mktemp("site"), responses=6000)
    yield site
    stop(site)


@pytest.fixture
def phone(chromium):
    """A phone's browser; `phone(javascript=False)` has JavaScript turned off."""
    contexts = []

    def new(*, javascript=True, **options):
        context = chromium.new_context(
            viewport={"width": 360, "height": 740}, java_script_enabled=javascript, has_touch=True, **options
        )
        contexts.append(context)
        return context.new_page()

    yield new
    for context in contexts:
        context.close()
