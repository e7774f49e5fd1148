import datetime as dt

import pytest

from survey.web.console.throttle import Throttle

SITE = "https://hailong.example.vn"
NOON = dt.datetime(2026, 10, 7, 5, 0, tzinfo=dt.UTC)


def post_sign_in(client, *, name="canbo", typed="sai mật khẩu", query="", expect):
    token = client.get("/console/login", base_url=SITE).text.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    return client.post(
        f"/console/login{query}",
        data={"name": name, "password": typed, "csrf_token": token},
        base_url=SITE,
        headers={"Referer": f"{SITE}/console/login"},
        expect=expect,
    )


def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_back(client, seeded):
    answer = client.get("/console/agencies/xa-ea-o", base_url=SITE, expect=303)
    assert answer.location == "/console/login?next=/console/agencies/xa-ea-o"


def test_a_wrong_password_is_refused_without_saying_which_was_wrong(client, accounts):
    for name in ("canbo", "khong-co-ai"):
        page = post_sign_in(client, name=name, expect=422).text
        assert "Tên đăng nhập hoặc mật khẩu không đúng" in page
        assert f'value="{name}"' in page


@pytest.mark.parametrize("blank", [{"name": ""}, {"typed": ""}])
def test_a_blank_field_is_refused(client, accounts, blank):
    post_sign_in(client, **blank, expect=422)


def test_the_session_cookie_is_bound_to_this_host_and_hidden_from_scripts(sign_in):
    client = sign_in("canbo")
    cookie = client.get_cookie("__Host-session", domain="hailong.example.vn")
    assert cookie.secure
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    assert cookie.path == "/"


def test_a_signed_in_user_is_led_back_into_the_console_and_nowhere_else(client, accounts):
    from_link = post_sign_in(client, typed="một mật khẩu rất dài", query="?next=https://evil.example/", expect=303)
    assert from_link.location == "/console/"
    back = post_sign_in(client, typed="một mật khẩu rất dài", query="?next=/console/agencies/xa-ea-o", expect=303)
    assert back.location == "/console/agencies/xa-ea-o"


def test_signing_out_ends_the_session(sign_in):
    client = sign_in("canbo")
    token = client.get("/console/", base_url=SITE).text.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    referer = {"Referer": f"{SITE}/console/"}
    client.post("/console/logout", data={"csrf_token": token}, base_url=SITE, headers=referer, expect=303)
    client.get("/console/", base_url=SITE, expect=303)


def test_a_post_without_its_token_is_refused(sign_in):
    client = sign_in("canbo")
    client.post("/console/logout", base_url=SITE, headers={"Referer": f"{SITE}/console/"}, expect=400)
    client.get("/console/", base_url=SITE)


def test_after_five_wrong_passwords_even_the_right_one_must_wait(client, accounts):
    for _ in range(5):
        post_sign_in(client, expect=422)
    answer = post_sign_in(client, typed="một mật khẩu rất dài", expect=429)
    assert int(answer.headers["Retry-After"]) == 15 * 60


def test_a_throttle_opens_again_when_its_window_has_passed():
    throttle = Throttle(limit=2, window=dt.timedelta(minutes=15))
    for minutes in (0, 5):
        throttle.fail("a", now=NOON + dt.timedelta(minutes=minutes))
    # The first failure leaves the window 15 minutes after noon, that is 9 minutes later.
    assert throttle.seconds_to_wait("a", now=NOON + dt.timedelta(minutes=6)) == 9 * 60
    assert throttle.seconds_to_wait("a", now=NOON + dt.timedelta(minutes=15)) == 0
    assert throttle.seconds_to_wait("b", now=NOON + dt.timedelta(minutes=6)) == 0


def test_a_throttle_forgets_whoever_got_in():
    throttle = Throttle(limit=1, window=dt.timedelta(minutes=15))
    throttle.fail("a", now=NOON)
    throttle.succeed("a")
    assert throttle.seconds_to_wait("a", now=NOON) == 0
