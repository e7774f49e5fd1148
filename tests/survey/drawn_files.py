"""A small drawn sample with its reserve and the office's list, and answers that come in as they do by invitations."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from forms import loading
from survey.models import Response, SampledUnit
from survey.services import agencies, fieldwork_opening, fieldworks, questionnaires, waves
from survey.services.response_rows import Reader, receipt_for

if TYPE_CHECKING:
    from pathlib import Path

NOW = dt.datetime(2026, 10, 7, 5, 0, tzinfo=dt.UTC)
DIMENSIONS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")
AGENCIES = ("xa-ea-o", "so-noi-vu")


@dataclass(frozen=True)
class Files:
    """Twelve people in two agencies of two primary units each, eight in reserve, and the list that they are from."""

    sample: Path
    reserve: Path
    people: Path


def write(path, rows):
    with path.open("w", encoding="utf8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def files(folder):
    frame = [
        {
            "unit": f"don-vi-{number:04}",
            "agency": AGENCIES[number % 2],
            "stratum": AGENCIES[number % 2],
            "day": f"2026-0{1 + number // 2 % 2}-01",
            "case": f"HS.{number:05}",
        }
        for number in range(40)
    ]
    weights = {"xa-ea-o": 2.5, "so-noi-vu": 10 / 3}
    sample = [
        row | {"inclusion_probability": repr(1 / weights[row["agency"]]), "weight": repr(weights[row["agency"]])}
        for row in frame[:12]
    ]
    orders = {}
    reserve = []
    for row in frame[12:20]:
        group = row["stratum"], row["day"]
        orders[group] = orders.get(group, 0) + 1
        reserve.append(row | {"reserve_order": orders[group]})
    people = [
        {
            "Mã hồ sơ": row["case"],
            "Họ và tên": f"Nguyễn Thị Mơ-{number:04}",
            "Địa chỉ": f"Số {number} đường Hoa Cúc",
            "Điện thoại": f"09871{number:05}",
        }
        for number, row in enumerate(frame)
    ]
    return Files(
        write(folder / "drawn.csv", sample),
        write(folder / "reserve.csv", reserve),
        write(folder / "people.csv", people),
    )


COLUMNS = fieldwork_opening.DrawnColumns(psu="day")


def make_wave(database, code="mau-2026"):
    with database.writing() as session:
        return waves.create(
            session,
            loading.load("sipas-counter"),
            code=code,
            title="Khảo sát mẫu năm 2026",
            stream="sample",
            opens_on=dt.date(2026, 1, 1),
            closes_on=dt.date(2026, 12, 31),
        )


def opened(database, given, *, wave="mau-2026", attempts=3):
    with database.writing() as session:
        known = agencies.listing(session)
        sample = fieldwork_opening.read_sample(given.sample, COLUMNS, agencies=known)
        reserve = fieldwork_opening.read_reserve(given.reserve, COLUMNS, agencies=known, sample=sample)
        return fieldwork_opening.open_fieldwork(
            session,
            fieldworks.wave_of(session, wave),
            fieldwork_opening.Drawn(sample, reserve),
            attempts_needed=attempts,
            rng=random.Random(1),
            now=NOW,
        )


def units(database):
    """The units by the frame's number."""
    with database.reading() as session:
        return {one.unit: one for one in session.scalars(select(SampledUnit))}


def answer(database, unit, *, day=dt.date(2026, 10, 7), wave="mau-2026", **answers):
    """What coming in by an invitation's code does, in one transaction: a response of the place, and 1.1 of the unit."""
    given = dict.fromkeys(DIMENSIONS, 4) | answers
    with database.writing() as session:
        found = fieldworks.wave_of(session, wave)
        kept = Reader(questionnaires.get(session, found.questionnaire_hash)).given(given)
        one = session.scalar(select(SampledUnit).where(SampledUnit.unit == unit))
        # As the form's own key: of chance, and of nothing that the unit has.
        key = hashlib.sha256(random.SystemRandom().randbytes(16)).hexdigest()[:32]
        row = {
            "wave_id": found.id,
            "agency_id": one.agency_id,
            "stream": "sample",
            "questionnaire_hash": found.questionnaire_hash,
            "language": "vi",
            "answered_on": day,
            "received_at": NOW,
            "submission_key": key,
            "answers": kept.answers,
            "answers_digest": kept.digest,
            "ratings": kept.ratings,
            "receipt": receipt_for(key),
            "weight": one.weight,
            "stratum": one.stratum,
            "psu": one.psu,
        }
        session.execute(insert(Response), row)
        session.execute(update(SampledUnit).where(SampledUnit.id == one.id).values(disposition="1.1", settled_on=None))
