"""Responses that came by ways of the test's choosing."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert

from forms import loading
from survey.models import Response
from survey.services import agencies, waves
from survey.services.response_rows import Reader, receipt_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from survey.db import Database

DIMENSIONS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")


@pytest.fixture
def came() -> Callable[..., None]:
    """`came(database, {"so-noi-vu": [(12, "verified", "phone")]})`: so many responses, by trust and entry."""

    def came(database: Database, by_agency: dict, *, level: int = 5) -> None:
        given = Reader(loading.load("sipas-counter")).given(dict.fromkeys(DIMENSIONS, level))
        with database.writing() as session:
            wave = waves.find(session, "quay-2026")
            for code, ways in by_agency.items():
                agency = agencies.find(session, code)
                keys = [f"{agency.id:016x}{number:016x}" for number in range(sum(number for number, *_ in ways))]
                how = [way for number, *way in ways for _ in range(number)]
                session.execute(
                    insert(Response),
                    [
                        {
                            "wave_id": wave.id,
                            "agency_id": agency.id,
                            "stream": "counter",
                            "questionnaire_hash": wave.questionnaire_hash,
                            "language": "vi",
                            "answered_on": dt.date(2026, 3, 2),
                            "received_at": dt.datetime(2026, 3, 2, 3, tzinfo=dt.UTC),
                            "submission_key": key,
                            "answers": given.answers,
                            "answers_digest": given.digest,
                            "ratings": given.ratings,
                            "receipt": receipt_for(key),
                            "trust": trust,
                            "entry": entry,
                        }
                        for key, (trust, entry) in zip(keys, how, strict=True)
                    ],
                )

    return came
