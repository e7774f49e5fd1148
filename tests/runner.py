"""Check everything that CI checks: `./sipas test [--without browser,postgres] [PYTEST ARGUMENTS]`.

Without arguments it installs the programs that the tests need, then runs the linters and all tests. With arguments, it
runs pytest with them.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("survey", "forms", "sampling", "analysis")
SEPARATE = "browser or postgres or packaging or slow"


@dataclass(frozen=True, slots=True)
class Need:
    """What some tests need and Python cannot install: a program, or a library."""

    marker: str
    package: str
    names: tuple[str, ...]

    def found(self) -> bool:
        folders = [
            *os.environ.get("PATH", "").split(os.pathsep),
            *LIBRARIES.glob("postgresql/*/bin"),
            *LIBRARIES.glob("*-*"),
        ]
        return any(Path(folder, name).is_file() for folder in folders for name in self.names)


LIBRARIES = Path("/usr/lib")
NEEDS = (
    Need("browser", "chromium", ("chromium", "chromium-browser", "google-chrome")),
    # Playwright's driver is a Node.js that a bare Debian cannot load without it.
    Need("browser", "libatomic1", ("libatomic.so.1",)),
    Need("postgres", "postgresql", ("initdb",)),
)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./sipas test", allow_abbrev=False)
    parser.add_argument("--without", default="", help="browser,postgres: leave these tests out")
    options, rest = parser.parse_known_args(arguments)
    without = {name for name in options.without.split(",") if name}
    unknown = without - {need.marker for need in NEEDS}
    if unknown:
        parser.error(f"--without knows browser and postgres, not {', '.join(sorted(unknown))}")
    os.chdir(ROOT)
    if rest:
        return run("pytest", "-m", "pytest", *marked(without), *rest)
    missing = install([need for need in NEEDS if need.marker not in without])
    failed = [name for name, *command in checks(without | missing) if run(name, *command) != 0]
    return conclude(failed, missing)


def marked(without: set[str]) -> list[str]:
    return ["-m", " and ".join(f"not {marker}" for marker in sorted(without))] if without else []


def install(needs: list[Need]) -> set[str]:
    """Install what is not there, where this user may; the markers of what is still missing."""
    absent = [need for need in needs if not need.found()]
    if absent and may_install():
        apt("update", "-q")
        for need in absent:  # One at a time: what one machine lacks must not keep the others away.
            say(f"apt-get install {need.package}")
            apt("install", "-yq", "--no-install-recommends", need.package)
    return {need.marker for need in absent if not need.found()}


def may_install() -> bool:
    if not shutil.which("apt-get"):
        return False
    return os.geteuid() == 0 or (
        bool(shutil.which("sudo"))
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    )


def apt(*words: str) -> None:
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    done = subprocess.run(
        [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(done.stdout[-1500:], done.stderr[-1500:], file=sys.stderr)


def checks(without: set[str]) -> list[tuple[str, ...]]:
    """Each check's name and Python arguments, the quick ones first."""
    left_out = [f"not {marker}" for marker in sorted(without)]
    separate = " and ".join([f"({SEPARATE})", *left_out])
    return [
        ("ruff check", "-m", "ruff", "check", "--quiet", "."),
        ("ruff format", "-m", "ruff", "format", "--quiet", "--check", "."),
        ("mypy", "-m", "mypy"),
        (
            "import contracts",
            "-c",
            "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())",
        ),
        ("tests, the fast part", "-m", "pytest", "-q", "-n", "auto", "-m", f"not ({SEPARATE})"),
        (
            "tests with a browser, PostgreSQL, the wheel, simulations, load, faults and fuzz",
            "-m",
            "pytest",
            "-q",
            "--durations=10",
            "-m",
            separate,
        ),
    ]


def run(name: str, *command: str) -> int:
    say(name)
    start = time.monotonic()
    status = subprocess.run([sys.executable, *command], check=False).returncode
    say(f"{name}: {'ok' if status == 0 else f'FAILED ({status})'} in {time.monotonic() - start:.0f} s")
    return status


def conclude(failed: list[str], missing: set[str]) -> int:
    for marker in sorted(missing):
        packages = " ".join(need.package for need in NEEDS if need.marker == marker and not need.found())
        say(f"NOT RUN: tests marked '{marker}'. Do `apt-get install {packages}`, or say --without {marker}.")
    say(f"FAILED: {', '.join(failed)}" if failed else "all checks passed" if not missing else "incomplete")
    return 1 if failed or missing else 0


def say(words: str) -> None:
    print(f"── {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
