"""Estimate 29 measures as mean and share of 4 and over for 200 agencies, and say how long it took and what it needed.

    python benchmarks/estimates.py [--write] [--rows 36000,1000000,10000000] [--repeats 5] [--peers]

The job is that of docs/benchmarks.md's peers: 23 items of five levels, five dimension scores and an overall score, 5 %
of the answers missing, 50 strata, some 2,000 PSUs, 200 agencies that cross PSUs, rows unsorted. The clock runs from the
Parquet file to every estimate with its standard error, degrees of freedom and 95 % interval; each run is a process of
its own, whose peak memory is recorded. `--peers` times svy 0.35 on the same files, in an environment of its own.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
import report
from pyarrow import parquet

ITEMS = [f"q{number}" for number in range(1, 24)]
SCORES = [f"d{number}" for number in range(1, 6)] + ["overall"]
KEYS = ["agency", "stratum", "psu", "weight"]
CHUNK = 500_000
PEER = "svy==0.35.0"


def main() -> None:
    options = _options()
    if options.run:
        print(json.dumps(WAYS[options.way](Path(options.run))))
        return
    rows, peers = [], []
    with tempfile.TemporaryDirectory() as folder:
        for size in (int(part) for part in options.rows.split(",")):
            path = Path(folder) / f"{size}.parquet"
            simulate(path, size)
            rows += [_measured(path, size, way, repeats=options.repeats) for way in WAYS]
            # At ten million rows svy needs 23 GB.
            if options.peers and size <= CHUNK * 2:
                peers.append(_peer(path, size, Path(folder)))
            path.unlink()
    header = (
        "rows",
        "way",
        "seconds",
        "of them reading",
        "counting",
        "variances and intervals",
        "processor s",
        "peak MB",
    )
    body = report.table(header, rows)
    if peers:
        body += "\n\n" + report.table(("rows", f"{PEER}, `mean(by=)`", "seconds for all 58", "peak MB"), peers)
    if options.write:
        report.write("Estimates by domain", body, date=dt.datetime.now(tz=dt.UTC).date().isoformat())
    else:
        print(body)


def simulate(path: Path, rows: int) -> None:
    """Write the file, half a million rows at a time."""
    rng = np.random.default_rng(20261122)
    writer = None
    for start in range(0, rows, CHUNK):
        table = _part(rng, min(CHUNK, rows - start))
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    writer.close()


def _part(rng: np.random.Generator, n: int) -> pa.Table:
    stratum = rng.integers(0, 50, n).astype(np.int16)
    psu = (stratum.astype(np.int32) * 40 + rng.integers(0, 40, n)).astype(np.int32)
    # Some six agencies meet in every PSU.
    agency = ((psu * 7 + rng.integers(0, 6, n) * 31) % 200).astype(np.int16)
    effect = 0.4 * np.sin(agency) + 0.3 * np.cos(psu)
    columns = {"agency": agency, "stratum": stratum, "psu": psu, "weight": rng.uniform(1, 4, n)}
    arrays = {name: pa.array(values) for name, values in columns.items()}
    person = rng.normal(0, 0.7, n) + effect
    for name in ITEMS:
        item = np.clip(np.rint(3.9 + person + rng.normal(0, 0.7, n)), 1, 5).astype(np.int8)
        arrays[name] = pa.array(item, mask=rng.random(n) < 0.05)
    for name in SCORES:
        arrays[name] = pa.array(3.9 + person + rng.normal(0, 0.4, n), mask=rng.random(n) < 0.05)
    return pa.table(arrays)


def estimate(path: Path, *, streamed: bool) -> dict[str, float]:
    """Everything from the file to the intervals, with the seconds of each part."""
    from analysis.intervals import limits
    from analysis.linearised import ratio_table
    from analysis.results import Kind

    clock, processor = [time.perf_counter()], time.process_time()
    cells, reading = _streamed(path) if streamed else _at_once(path)
    clock.append(time.perf_counter())
    table = ratio_table(cells, lonely_psu="adjust")
    known = {"degrees_of_freedom": table.degrees_of_freedom, "respondents": table.respondents}
    share = np.array([kind is Kind.SHARE for kind in cells.kinds])
    errors = np.sqrt(table.variance)
    for chosen, method in ((share, "logit"), (~share, "t")):
        part = {name: values[:, chosen] for name, values in known.items()}
        limits(table.value[:, chosen], errors[:, chosen], method=method, **part)
    clock.append(time.perf_counter())
    return {
        "reading": reading,
        "counting": clock[1] - clock[0] - reading,
        "finishing": clock[2] - clock[1],
        "seconds": clock[2] - clock[0],
        "processor": time.process_time() - processor,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "estimates": int(table.value.size),
        "check": float(np.nansum(errors)),
    }


def command(path: Path) -> dict[str, float]:
    """The same through the function under `sipas estimate`, which reads and counts part by part."""
    from survey.services.estimation import estimate_file
    from survey.services.estimation_design import DesignColumns
    from survey.services.estimation_measures import listed

    clock, processor = [time.perf_counter()], time.process_time()
    names = ITEMS + SCORES
    measures = listed("mean", names) + listed("proportion", [f"{name}>=4" for name in names])
    design = DesignColumns("weight", strata="stratum", psu="psu", lonely_psu="adjust")
    found = estimate_file(
        path, measures, design=design, by=["agency"], progress=lambda _share: clock.append(time.perf_counter())
    )
    end = time.perf_counter()
    return {
        # One pass reads and counts.
        "reading": float("nan"),
        "counting": clock[-1] - clock[0],
        "finishing": end - clock[-1],
        "seconds": end - clock[0],
        "processor": time.process_time() - processor,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "estimates": len(found.estimates),
        "check": sum(line.se or 0.0 for line in found.estimates),
    }


WAYS = {
    "in memory": lambda path: estimate(path, streamed=False),
    "streamed": lambda path: estimate(path, streamed=True),
    "command, streamed": command,
}


def _measures():  # noqa: ANN202 - imported where it is timed
    from analysis.tally import Measure

    means = [Measure(name, (name,)) for name in ITEMS + SCORES]
    return means + [Measure(f"{name} >= 4", (name,), at_least=4) for name in ITEMS + SCORES]


def _at_once(path: Path):  # noqa: ANN202 - as above
    start = time.perf_counter()
    columns = _read(parquet.ParquetFile(path, memory_map=True).read(columns=KEYS + ITEMS + SCORES))
    reading = time.perf_counter() - start
    return _cells(columns), reading


def _streamed(path: Path):  # noqa: ANN202 - as above
    file, reading, cells = parquet.ParquetFile(path), 0.0, None
    for group in range(file.num_row_groups):
        start = time.perf_counter()
        columns = _read(file.read_row_group(group, columns=KEYS + ITEMS + SCORES))
        reading += time.perf_counter() - start
        part = _cells(columns)
        cells = part if cells is None else cells + part
    return cells, reading


def _read(table: pa.Table) -> dict[str, np.ndarray]:
    """Columns as arrays: 0 for an item that was not answered, NaN for a score."""
    missing = dict.fromkeys(ITEMS, 0) | dict.fromkeys(SCORES, np.nan)
    return {name: _plain(table[name].combine_chunks(), missing.get(name)) for name in table.column_names}


def _plain(column: pa.Array, missing: float | None) -> np.ndarray:
    """An array as numpy sees it; pyarrow's own way would import pandas first, in a quarter of a second."""
    kind = np.dtype(str(column.type).replace("double", "float64"))
    values = np.frombuffer(column.buffers()[1], dtype=kind)[column.offset : column.offset + len(column)]
    if column.null_count == 0:
        return values
    null = _plain(column.is_null().cast(pa.int8()), None)
    return np.where(null == 1, kind.type(missing), values)


def _cells(columns: dict[str, np.ndarray]):  # noqa: ANN202 - as above
    from analysis.tally import cells_from_rows

    keys = {"domain": columns["agency"], "stratum": columns["stratum"], "psu": columns["psu"]}
    return cells_from_rows(columns, **keys, weights=columns["weight"], measures=_measures(), missing=0)


def _measured(path: Path, size: int, way: str, *, repeats: int) -> tuple[object, ...]:
    command = [sys.executable, __file__, "--run", str(path), "--way", way]
    runs = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(repeats)]
    middle = {name: report.median([run[name] for run in runs]) for name in runs[0]}
    seconds = (
        f"{middle[name]:.2f}".replace("nan", "–")
        for name in ("seconds", "reading", "counting", "finishing", "processor")
    )
    return f"{size:,}", way, *seconds, f"{max(run['megabytes'] for run in runs):.0f}"


# svy takes one variable at a time, with the domains as `by`; beyond 36,000 rows three measures stand for all 58.
PEER_PROGRAM = """
import json, resource, sys, time
import polars, svy
data = polars.read_parquet(sys.argv[1])
names = [name for name in data.columns if name not in {"agency", "stratum", "psu", "weight"}]
data = data.with_columns([(polars.col(name) >= 4).cast(polars.Float64).alias("s" + name) for name in names])
every = names + ["s" + name for name in names]
asked = every if len(data) < 100_000 else every[:3]
sample = svy.Sample(data, svy.Design(stratum="stratum", psu="psu", wgt="weight"))
start = time.perf_counter()
for name in asked:
    sample.estimation.mean(name, by="agency", drop_nulls=True)
seconds = (time.perf_counter() - start) * len(every) / len(asked)
print(json.dumps({"seconds": seconds, "asked": len(asked),
                  "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def _peer(path: Path, size: int, folder: Path) -> tuple[object, ...]:
    python = folder / "peer" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / "peer"], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", PEER], check=True)
    done = subprocess.run([python, "-c", PEER_PROGRAM, path], check=True, capture_output=True)
    run = json.loads(done.stdout.splitlines()[-1])
    said = "all 58 timed" if run["asked"] > 3 else f"{run['asked']} of 58 timed"
    return f"{size:,}", said, f"{run['seconds']:.1f}", f"{run['megabytes']:.0f}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the figures into docs/benchmarks.md")
    parser.add_argument("--rows", default="36000,1000000,10000000")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--run", help="one run on a file (used by the program itself)")
    parser.add_argument("--way", choices=WAYS, default="streamed")
    return parser.parse_args()


if __name__ == "__main__":
    main()
