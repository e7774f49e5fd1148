"""Whether the site says truly that it can work."""

from __future__ import annotations

from survey.app import create_app
from survey.config import Settings


def test_a_working_site_is_healthy(client):
    response = client.get("/health")
    assert response.json == {"status": "ok", "database": "ok"}
    assert response.headers["Cache-Control"] == "no-store"


def test_a_site_whose_database_cannot_be_opened_is_not(tmp_path, caplog):
    settings = Settings(
        database_url=f"sqlite:///{tmp_path}/no/such/folder/sipas.db",
        public_base_url="https://hailong.example.vn",
        master_key=b"k" * 32,
    )
    response = create_app(settings).test_client().get("/health")
    assert response.status_code == 503
    assert response.json == {"status": "failing", "database": "unreachable"}
    assert "does not answer" in caplog.text
