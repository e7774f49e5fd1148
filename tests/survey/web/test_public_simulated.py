import csv
import datetime as dt
import io

import numpy as np
import pytest

from forms import loading
from survey.services import simulation, waves


@pytest.fixture
def simulated(database, seeded):
    with database.writing() as session:
        wave = waves.create(
            session,
            loading.load("sipas-counter"),
            code="thu",
            title="Đợt chạy thử",
            opens_on=dt.date(2026, 1, 1),
            closes_on=dt.date(2026, 12, 31),
            is_simulated=True,
        )
        simulation.simulate(
            session, wave, responses=300, rng=np.random.default_rng(20261122), today=dt.date(2026, 10, 7)
        )


@pytest.mark.parametrize("address", ["/waves/thu", "/waves/thu/agencies/xa-ea-o", "/waves/thu/agencies/so-noi-vu"])
def test_every_page_of_a_simulated_wave_says_so(client, simulated, address):
    assert "Dữ liệu mô phỏng" in client.get(address).text
    assert "Simulated data" in client.get(f"{address}?lang=en").text


def test_every_file_of_a_simulated_wave_says_so(client, simulated):
    text = client.get("/waves/thu.csv").data.decode("utf-8-sig")
    assert {row["simulated"] for row in csv.DictReader(io.StringIO(text))} == {"true"}
    assert client.get("/waves/thu.json").json["simulated"] is True
    assert client.get("/api/v1/waves/thu/indices").json["simulated"] is True


def test_the_front_page_marks_the_simulated_wave(client, simulated):
    assert "Dữ liệu mô phỏng" in client.get("/").text
