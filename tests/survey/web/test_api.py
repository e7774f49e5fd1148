def test_the_api_gives_the_document_of_the_page(client, answered):
    answer = client.get("/api/v1/waves/quay-2026/indices?stream=counter&by=agency")
    assert answer.mimetype == "application/json"
    assert answer.json == client.get("/waves/quay-2026.json").json


def test_an_index_is_given_at_full_precision_with_its_interval(client, answered):
    rows = client.get("/api/v1/waves/quay-2026/indices").json["rows"]
    (row,) = [row for row in rows if row["agency"] == "so-noi-vu"]
    cell = row["dimensions"]["phuc_vu"]
    assert abs(cell["index"] - 2600 / 31) < 1e-9  # Sums of whole numbers: only the last digits of a division differ.
    assert cell["ci_low"] < cell["index"] < cell["ci_high"]
    assert cell["n"] == 31


def test_a_wave_that_does_not_exist_is_a_problem_in_json(client, answered):
    answer = client.get("/api/v1/waves/quay-1999/indices", expect=404)
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == 404
    assert "quay-1999" in answer.json["detail"]


def test_a_problem_is_told_in_the_language_asked_for(client, answered):
    address = "/api/v1/waves/quay-2026/indices?stream=mixed"
    assert "Không có nguồn số liệu" in client.get(address, expect=400).json["detail"]
    assert "There is no stream" in client.get(f"{address}&lang=en", expect=400).json["detail"]


def test_indices_are_offered_by_agency_only(client, answered):
    answer = client.get("/api/v1/waves/quay-2026/indices?by=counter&lang=en", expect=400)
    assert "Ask for one of: agency" in answer.json["detail"]


def test_an_unchanged_answer_is_not_sent_twice(client, answered):
    first = client.get("/api/v1/waves/quay-2026/indices")
    client.get("/api/v1/waves/quay-2026/indices", headers={"If-None-Match": first.headers["ETag"]}, expect=304)
