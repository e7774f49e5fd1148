import hashlib
import hmac
import ipaddress
import stat
import threading

import pytest

from survey import i18n
from survey.config import ConfigError, Settings

KEY = "ab" * 32


@pytest.fixture
def environ(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(KEY + "\n")
    return {
        "SIPAS_DATABASE_URL": "postgresql://sipas@localhost/sipas",
        "SIPAS_PUBLIC_BASE_URL": "https://hailong.example.vn/",
        "SIPAS_SECRET_FILE": str(secret),
    }


def test_settings_come_from_the_environment_given(environ):
    settings = Settings.from_environ(environ | {"SIPAS_TRUSTED_PROXIES": "1"})
    assert settings.database_url == "postgresql://sipas@localhost/sipas"
    assert settings.public_base_url == "https://hailong.example.vn"
    assert settings.master_key == bytes.fromhex(KEY)
    assert settings.trusted_proxies == 1


@pytest.mark.parametrize(("given", "posts"), [({}, 120), ({"SIPAS_POSTS_PER_MINUTE": "0"}, 0)])
def test_posts_are_limited_unless_the_setting_is_nought(environ, given, posts):
    assert Settings.from_environ(environ | given).posts_per_minute == posts


def test_everything_missing_is_said_in_one_message():
    with pytest.raises(ConfigError) as caught:
        Settings.from_environ({})
    for name in ("SIPAS_DATABASE_URL", "SIPAS_PUBLIC_BASE_URL", "SIPAS_SECRET_FILE"):
        assert f"Set {name}" in str(caught.value)


def test_everything_wrong_is_said_in_one_message(tmp_path):
    (tmp_path / "short").write_text("abcd")
    with pytest.raises(ConfigError) as caught:
        Settings.from_environ(
            {
                "SIPAS_DATABASE_URL": "mysql://root:hunter2@db/sipas",
                "SIPAS_PUBLIC_BASE_URL": "https://example.vn/khao-sat",
                "SIPAS_SECRET_FILE": str(tmp_path / "short"),
                "SIPAS_TRUSTED_PROXIES": "many",
                "SIPAS_OFFICE_NETWORKS": "10.0.0.0/33, 203.0.113.0/24, office",
                "SIPAS_POSTS_PER_MINUTE": "-1",
            }
        )
    assert len(caught.value.problems) == 7
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "networks"),
    [
        ("", ()),
        (" , ", ()),
        ("203.0.113.0/24", ("203.0.113.0/24",)),
        ("203.0.113.7, 2001:db8::/48 ,10.0.0.0/8", ("203.0.113.7/32", "2001:db8::/48", "10.0.0.0/8")),
    ],
)
def test_the_office_s_networks_are_named_with_commas_between_them(environ, given, networks):
    settings = Settings.from_environ(environ | {"SIPAS_OFFICE_NETWORKS": given})
    assert settings.office_networks == tuple(map(ipaddress.ip_network, networks))


# 10.1.2.3/16 may mean the network or its one machine: nobody should guess.
@pytest.mark.parametrize("network", ["10.1.2.3/16", "10.0.0.0/33", "office", "203.0.113.0-203.0.113.9", "::g/64"])
def test_a_network_that_is_none_is_named(environ, network):
    with pytest.raises(ConfigError, match="SIPAS_OFFICE_NETWORKS has") as caught:
        Settings.from_environ(environ | {"SIPAS_OFFICE_NETWORKS": f"203.0.113.0/24,{network}"})
    assert [problem.values["network"] for problem in caught.value.problems] == [network]


@pytest.mark.parametrize("url", ["example.vn", "ftp://example.vn", "https://", "https://a b@c", "https://x:99999"])
def test_a_base_url_that_cannot_stand_on_a_poster_is_refused(environ, url):
    with pytest.raises(ConfigError, match="SIPAS_PUBLIC_BASE_URL"):
        Settings.from_environ(environ | {"SIPAS_PUBLIC_BASE_URL": url})


def test_keys_and_passwords_do_not_show(environ):
    shown = repr(Settings.from_environ(environ | {"SIPAS_DATABASE_URL": "postgresql://sipas:hunter2@db/sipas"}))
    assert "hunter2" not in shown
    assert KEY not in shown
    assert repr(bytes.fromhex(KEY)) not in shown


def test_each_purpose_has_its_own_key(environ):
    settings = Settings.from_environ(environ)
    assert settings.key("codes") == hmac.new(bytes.fromhex(KEY), b"codes", hashlib.sha256).digest()
    assert settings.key("codes") != settings.key("tokens")


def test_an_embedded_installation_keeps_its_key_beside_the_database(tmp_path):
    first = Settings.embedded(tmp_path / "new" / "sipas.db", public_base_url="http://127.0.0.1:8000")
    again = Settings.embedded(tmp_path / "new" / "sipas.db", public_base_url="http://127.0.0.1:8000")
    secret = tmp_path / "new" / "sipas.db.secret"
    assert first.master_key == again.master_key == bytes.fromhex(secret.read_text())
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert [path.name for path in secret.parent.iterdir()] == ["sipas.db.secret"]


def test_starting_twice_at_once_makes_one_key(tmp_path):
    keys = []

    def start():
        keys.append(Settings.embedded(tmp_path / "sipas.db", public_base_url="http://127.0.0.1").master_key)

    threads = [threading.Thread(target=start) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 16
    assert len(set(keys)) == 1


def test_a_damaged_key_file_is_named_and_kept(tmp_path):
    (tmp_path / "sipas.db.secret").write_text("not a key")
    with pytest.raises(ConfigError, match=r"sipas\.db\.secret"):
        Settings.embedded(tmp_path / "sipas.db", public_base_url="http://127.0.0.1")
    assert (tmp_path / "sipas.db.secret").read_text() == "not a key"


@pytest.fixture
def one_file(tmp_path):
    """The environment of an installation in one SQLite file, of which nothing exists yet."""
    return {
        "SIPAS_DATABASE_URL": f"sqlite:///{tmp_path}/data/sipas.db",
        "SIPAS_PUBLIC_BASE_URL": "https://hailong.example.vn",
    }


def test_an_sqlite_installation_without_a_secret_file_uses_the_one_beside_its_database(one_file, tmp_path):
    first = Settings.from_environ(one_file)
    secret = tmp_path / "data" / "sipas.db.secret"
    assert first.master_key == bytes.fromhex(secret.read_text())
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert Settings.from_environ(one_file).master_key == first.master_key


def test_a_demonstration_and_the_site_on_its_file_have_one_key(one_file, tmp_path):
    demo = Settings.embedded(tmp_path / "data" / "sipas.db", public_base_url="http://127.0.0.1:8000")
    assert Settings.from_environ(one_file).master_key == demo.master_key
    assert Settings.from_environ(one_file).database_url == demo.database_url


def test_a_secret_file_that_is_named_is_the_one_that_is_used(one_file, environ, tmp_path):
    named = {**one_file, "SIPAS_SECRET_FILE": environ["SIPAS_SECRET_FILE"]}
    assert Settings.from_environ(named).master_key == bytes.fromhex(KEY)
    assert not (tmp_path / "data").exists()


def test_postgresql_has_no_file_to_keep_a_key_beside(environ):
    del environ["SIPAS_SECRET_FILE"]
    with pytest.raises(ConfigError, match="Set SIPAS_SECRET_FILE"):
        Settings.from_environ(environ)


def test_no_key_is_made_for_an_installation_that_is_refused(one_file, tmp_path):
    with pytest.raises(ConfigError, match="SIPAS_PUBLIC_BASE_URL"):
        Settings.from_environ(one_file | {"SIPAS_PUBLIC_BASE_URL": "hailong.example.vn"})
    assert not (tmp_path / "data").exists()


def test_a_key_file_that_cannot_be_made_is_named(one_file, tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(ConfigError, match=r"sipas\.db\.secret"):
        Settings.from_environ(one_file)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_an_installation_lives_in_a_file(one_file, url):
    with pytest.raises(ConfigError, match="names no file"):
        Settings.from_environ(one_file | {"SIPAS_DATABASE_URL": url})


def test_every_problem_can_be_said_in_vietnamese():
    with pytest.raises(ConfigError) as caught:
        Settings.from_environ({"SIPAS_TRUSTED_PROXIES": "many"})
    vietnamese = i18n.find("vi")
    with i18n.speaking(vietnamese):
        said = [i18n.explain(problem) for problem in caught.value.problems]
    assert said[0].startswith("Hãy đặt SIPAS_DATABASE_URL, ví dụ ")
    assert said[-1] == "SIPAS_TRUSTED_PROXIES là 'many': hãy ghi một số từ 0 đến 9."


def test_a_hotline_is_what_is_written_there_and_none_unless_set(environ):
    assert Settings.from_environ(environ).hotline == ""
    assert Settings.from_environ(environ | {"SIPAS_HOTLINE": " (0262) 1022 "}).hotline == "(0262) 1022"


@pytest.mark.parametrize("hotline", ["1022\n1900", "1022\x07", "1" * 61])
def test_a_hotline_that_would_spoil_a_poster_is_refused(environ, hotline):
    with pytest.raises(ConfigError, match="SIPAS_HOTLINE"):
        Settings.from_environ(environ | {"SIPAS_HOTLINE": hotline})
