"""What holds at every address of the URL map, whoever adds one: headers, cookies, posts, sizes, numbers, neighbours."""

from __future__ import annotations

import itertools

import pytest
from werkzeug.routing import IntegerConverter

from survey.web.configuration import LARGEST_BODY
from survey.web.console.access import LARGEST_IMPORT
from tests.conftest import check_page
from tests.survey.web.every_address import QUERY_NAMES, SITE, furnish

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
# They change nothing: a receipt is looked up, a typed code opened, a PIN compared (docs/decisions/0008).
NEED_NO_TOKEN = {"public.look_up", "respond.open_typed", "kiosk.leave"}
# Sends the browser on to the same address in capitals, where its form is judged.
SEND_ON = {"respond.lower_case"}
FOREIGN = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": None, "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": None, "Origin": "null"},
    {"Sec-Fetch-Site": None, "Origin": f"{SITE}.evil.example"},
)
ROLES = (None, "eao", "canbo")


@pytest.fixture
def province(settings, database, seeded):
    return furnish(settings, database, seeded)


@pytest.fixture
def either_province(settings, either_database, either_seeded):
    return furnish(settings, either_database, either_seeded)


def client_of(province, role):
    return province.user(role) if role else province.visitor()


# Headers and cookies.


def faults_of_headers(answer):
    headers = answer.headers
    policy = {part.split()[0]: part.split()[1:] for part in headers.get("Content-Security-Policy", "").split(";")}
    allowed = {"'self'", "'none'"}
    loose = {
        name: sources
        for name, sources in policy.items()
        if not set(sources) <= allowed | ({"data:"} if name == "img-src" else set())
    }
    # These do not fall back to default-src: each must be said.
    closed = all(policy.get(name) == ["'none'"] for name in ("default-src", "frame-ancestors", "base-uri"))
    checks = {
        f"the policy is loose: {loose}": not loose,
        "something is open by default": closed and policy.get("form-action") == ["'self'"],
        "not nosniff": headers.get("X-Content-Type-Options") == "nosniff",
        "no referrer policy": headers.get("Referrer-Policy") == "same-origin",
        "HSTS is missing or short": int(headers.get("Strict-Transport-Security", "max-age=0")[8:]) >= 31_536_000,
        "two of one header": all(
            len(headers.getlist(name)) == 1 for name in set(headers.keys()) - {"Set-Cookie", "Vary"}
        ),
        "how long it may be kept is not said": "Cache-Control" in headers,
        "no kind of content": not answer.data or "Content-Type" in headers,
        "says what serves it": "Server" not in headers and "X-Powered-By" not in headers,
    }
    return [fault for fault, fine in checks.items() if not fine]


@pytest.mark.parametrize("role", ROLES)
def test_every_answer_carries_the_policy_errors_too(province, role):
    client = client_of(province, role)
    faults, statuses = [], set()
    paths = sorted({address.path() for address in province.addresses("GET", "POST")} - {"/console/logout"})
    for method, path in itertools.product(METHODS, [*paths, "/no/such", "/console/no/such", "/api/v1/no/such"]):
        answer = client.open(path, method=method, base_url=SITE)
        statuses.add(answer.status_code)
        faults += [f"{method} {path}: {fault}" for fault in faults_of_headers(answer)]
        # An etag's 304 and a redirect have no page.
        if answer.mimetype == "text/html" and answer.data and answer.status_code // 100 != 3:
            check_page(answer.text)
    assert faults == []
    assert {200, 400, 405} <= statuses


@pytest.mark.parametrize("role", ROLES)
def test_no_page_of_a_citizen_sets_a_cookie_and_the_consoles_is_bound_to_our_host(province, role):
    client = client_of(province, role)
    faults = []
    for address in province.addresses("GET", "POST"):
        answer = client.open(address.path(), method=address.method, base_url=SITE)
        for cookie in answer.headers.getlist("Set-Cookie"):
            name, *attributes = [part.strip() for part in cookie.split(";")]
            bound = {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)
            domain = [one for one in attributes if one.lower().startswith("domain")]
            if not (name.startswith("__Host-") and bound and not domain and address.endpoint.startswith("console.")):
                faults.append(f"{address}: {cookie}")
    assert faults == []


def test_signing_in_gives_another_session_than_the_one_before(province):
    client = province.visitor()
    client.get("/console/login", base_url=SITE)
    before = client.get_cookie("__Host-session", domain="hailong.example.vn")
    signed_in = province.user("canbo").get_cookie("__Host-session", domain="hailong.example.vn")
    assert before.value != signed_in.value


# What a look, a stranger's page and a large body may do: nothing.


@pytest.mark.parametrize("role", ROLES)
def test_to_look_changes_nothing(province, role):
    client = client_of(province, role)
    before = province.dump()
    changed, found = [], 0
    for address in province.addresses("GET"):
        for method, query in itertools.product(("GET", "HEAD"), ("", "?lang=en&stream=census&format=a6")):
            answer = client.open(address.path() + query, method=method, base_url=SITE)
            found += answer.status_code == 200
            if province.dump() != before:
                changed.append(str(address))
    assert changed == []
    assert found > 40


def test_a_post_of_another_sites_page_is_refused_everywhere(province):
    client = province.user("canbo")
    before = province.dump()
    accepted = []
    for address, headers in itertools.product(province.addresses("POST"), FOREIGN):
        answer = province.post(client, address, headers=headers)
        if answer.status_code not in {400, 403} and address.endpoint not in SEND_ON:
            accepted.append(f"{address} {headers}: {answer.status}")
    assert accepted == []
    assert province.dump() == before


@pytest.mark.parametrize("token", [{}, {"form_token": "", "csrf_token": ""}, {"form_token": "x", "csrf_token": "x"}])
def test_a_post_without_its_token_is_refused_everywhere(province, token):
    client = province.user("canbo")
    before = province.dump()
    accepted = []
    for address in province.addresses("POST"):
        answer = province.post(client, address, token=token)
        if answer.status_code != 400 and address.endpoint not in SEND_ON | NEED_NO_TOKEN:
            accepted.append(f"{address}: {answer.status}")
    assert accepted == []
    assert province.dump() == before


def test_a_token_of_another_session_is_refused_by_the_console(province):
    client, other = province.user("canbo"), province.user("canbo")
    before = province.dump()
    for address in province.addresses("POST"):
        if address.endpoint.startswith("console."):
            answer = province.post(client, address, token=province.token(other, address))
            assert answer.status_code == 400, address
    assert province.dump() == before


def test_the_same_posts_from_our_own_pages_are_accepted(province):
    """The witness of the three tests above: what they saw refused was not refused for something else."""
    client = province.user("canbo")
    last = ["console.close_kiosk", "console.revoke", "console.sign_in", "console.sign_out"]
    in_order = sorted(
        province.addresses("POST"), key=lambda one: last.index(one.endpoint) if one.endpoint in last else -1
    )
    writing = set()
    for address in in_order:
        before = province.dump()
        answer = province.post(client, address)
        assert answer.status_code in ({308} if address.endpoint in SEND_ON else {200, 303}), (address, answer.status)
        if province.dump() != before:
            writing.add(address.endpoint)
    silent = SEND_ON | NEED_NO_TOKEN | {"console.sign_in", "console.sign_out", "console.issue_missing"}
    assert {address.endpoint for address in in_order} - writing == silent


def test_more_than_a_form_can_be_is_refused_unread_everywhere(province):
    client = province.user("canbo")
    before = province.dump()
    taken = []
    for address in province.addresses("POST"):
        limit = LARGEST_IMPORT if address.endpoint == "console.import_file" else LARGEST_BODY
        for content_type in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=b"):
            body = b"y_kien=" + b"x" * limit
            answer = client.post(address.path(), data=body, content_type=content_type, base_url=SITE)
            if answer.status_code != 413 and address.endpoint not in SEND_ON:
                taken.append(f"{address}: {answer.status}")
    assert taken == []
    assert province.dump() == before


# Numbers and texts that no database has.


def test_every_number_of_an_address_fits_a_column(province):
    converters = [
        converter
        for rule in province.app.url_map.iter_rules()
        for converter in rule._converters.values()
        if isinstance(converter, IntegerConverter)
    ]
    assert len(converters) >= 2
    assert {converter.max for converter in converters} == {2**31 - 1}
    assert not any(converter.signed for converter in converters)


@pytest.mark.parametrize("number", [2**31, 2**63, 2**64, 10**5000], ids=["2^31", "2^63", "2^64", "10^5000"])
def test_a_number_beyond_that_is_the_number_of_nothing(either_province, number):
    client = either_province.user("canbo")
    for address in either_province.addresses("POST"):
        for name in {"serial", "number"} & address.values.keys():
            path = address.path().replace(f"/{address.values[name]}/", f"/{'9' * 5001 if number > 2**64 else number}/")
            assert either_province.post(client, address, path).status_code == 404


def test_nul_in_an_address_is_not_found(either_province):
    client = either_province.user("canbo")
    before = either_province.dump()
    for address in either_province.addresses("GET", "POST"):
        for name in address.values:
            for value in ("\0", f"{address.values[name]}\0", f"\0{address.values[name]}"):
                path = address.path(**{name: value})
                asked = client.get(path, base_url=SITE)
                sent = client.post(path, base_url=SITE)
                assert asked.status_code == 404, (address, name)
                assert sent.status_code == 404, (address, name)
    assert either_province.dump() == before


def test_nul_in_a_query_does_no_harm(either_province):
    client = either_province.user("canbo")
    for address, name in itertools.product(either_province.addresses("GET"), QUERY_NAMES):
        answer = client.get(f"{address.path()}?{name}=%00&%00=a%00b", base_url=SITE)
        assert answer.status_code < 500, (address, name)


def test_nul_in_a_form_is_not_kept(either_province):
    client = either_province.user("canbo")
    for address in either_province.addresses("POST"):
        fields = either_province.fields(address)
        for name in [*fields, "y_kien", "switch_language"]:
            if isinstance(fields.get(name, ""), str):
                answer = either_province.post(client, address, **{name: f"a\0{fields.get(name, '')}\0"})
                assert answer.status_code < 500, (address, name)
    cells = [cell for rows in either_province.dump().values() for row in rows for cell in row]
    assert [cell for cell in cells if isinstance(cell, str) and "\0" in cell] == []


def test_two_tokens_in_one_form_are_none(province):
    client = province.visitor()
    before = province.dump()
    for address in province.addresses("POST"):
        if not address.endpoint.startswith("console.") and address.endpoint not in SEND_ON | NEED_NO_TOKEN:
            tokens = [province.token(client, address)["form_token"] for _ in "ab"]
            for two in (tokens, tokens[:1] * 2, [tokens[0], ""]):
                assert province.post(client, address, token={"form_token": two}).status_code == 400, address
    assert province.dump() == before


# The neighbour.


def test_an_agencys_user_reaches_nothing_of_another_agency(province):
    """Every mixture of A's and B's identifiers, by every method of the console."""
    client = province.user("eao")
    before = province.dump()
    of_b = secrets_of_b(province)
    reached, tried = [], 0
    for address in province.addresses("GET", "POST"):
        if not address.endpoint.startswith("console."):
            continue
        unknown = address.values.keys() - province.others.keys() - {"wave"}
        assert not unknown, f"say whose {unknown} is"
        for path in paths_with_something_of_b(address, province.others):
            tried += 1
            answer = (
                client.get(path, base_url=SITE) if address.method == "GET" else province.post(client, address, path)
            )
            shown = [secret for secret in of_b if secret in answer.text]
            if answer.status_code not in {403, 404} or shown:
                reached.append(f"{address.method} {path}: {answer.status} {shown}")
    assert reached == []
    assert province.dump() == before
    assert tried >= 15


def test_what_an_agencys_user_may_see_tells_nothing_of_another(province):
    client = province.user("eao")
    of_b = secrets_of_b(province)
    seen = 0
    for address in province.addresses("GET"):
        if address.endpoint.startswith("console."):
            answer = client.get(address.path(), base_url=SITE)
            seen += answer.status_code == 200
            assert not [secret for secret in of_b if secret.encode() in answer.data], address
    assert seen >= 6


def paths_with_something_of_b(address, others):
    names = sorted(address.values.keys() & others.keys())
    for size in range(1, len(names) + 1):
        for changed in itertools.combinations(names, size):
            yield address.path(**{name: others[name] for name in changed})


def secrets_of_b(province):
    """What a page about B's counter holds, read as an officer. B's codes are none: links repeat what was asked for."""
    officer = province.user("canbo")
    page = officer.get(f"/console/counters/{province.others['counter']}/kiosks", base_url=SITE).text
    kiosk = page.split("/K/")[1].split("<")[0].split('"')[0]
    found = ["Bộ phận một cửa", kiosk]
    assert all(secret in page for secret in found)
    return found
