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
class Program:
    """A program that some tests need and Python cannot install."""

    marker: str
    package: str
    names: tuple[str, ...]

    def found(self) -> bool:
        places = os.pathsep.join([os.environ.get("PATH", ""), *map(str, Path("/usr/lib/postgresql").glob("*/bin"))])
        return any(shutil.which(name, path=places) for name in self.names)


PROGRAMS = (
    Program("browser", "chromium", ("chromium", "chromium-browser", "google-chrome")),
    Program("postgres", "postgresql", ("initdb",)),
)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./sipas test", allow_abbrev=False)
    parser.add_argument("--without", default="", help="browser,postgres: leave these tests out")
    options, rest = parser.parse_known_args(arguments)
    without = {name for name in options.without.split(",") if name}
    unknown = without - {program.marker for program in PROGRAMS}
    if unknown:
        parser.error(f"--without knows browser and postgres, not {', '.join(sorted(unknown))}")
    os.chdir(ROOT)
    if rest:
        return run("pytest", "-m", "pytest", *marked(without), *rest)
    missing = install([program for program in PROGRAMS if program.marker not in without])
    failed = [name for name, *command in checks(without | missing) if run(name, *command) != 0]
    return conclude(failed, missing)


def marked(without: set[str]) -> list[str]:
    return ["-m", " and ".join(f"not {marker}" for marker in sorted(without))] if without else []


def install(programs: list[Program]) -> set[str]:
    """Install what is not there, where this user may; the markers of what is still missing."""
    absent = [program for program in programs if not program.found()]
    if absent and may_install():
        packages = [program.package for program in absent]
        say(f"apt-get install {' '.join(packages)}")
        apt("update", "-q")
        apt("install", "-yq", "--no-install-recommends", *packages)
    return {program.marker for program in absent if not program.found()}


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
            "tests with a browser, PostgreSQL, the wheel and simulations",
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
        say(f"NOT RUN: tests marked '{marker}'. Install the program ({marker}) or say --without {marker}.")
    say(f"FAILED: {', '.join(failed)}" if failed else "all checks passed" if not missing else "incomplete")
    return 1 if failed or missing else 0


def say(words: str) -> None:
    print(f"── {words}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
