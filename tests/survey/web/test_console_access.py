import pytest

SITE = "https://hailong.example.vn"
OWN = ("/console/", "/console/agencies/xa-ea-o", "/console/counters/xa-ea-o-1", "/console/counters/xa-ea-o-1/qr.svg")
OTHERS = (
    "/console/agencies/so-noi-vu",
    "/console/agencies/so-noi-vu/posters.pdf",
    "/console/counters/so-noi-vu-1",
    "/console/counters/so-noi-vu-1/qr.svg",
    "/console/waves/quay-2026/import",
)


@pytest.mark.parametrize("address", OWN)
def test_a_user_of_an_agency_sees_its_own(sign_in, address):
    sign_in("eao").get(address, base_url=SITE)


@pytest.mark.parametrize("address", OTHERS)
def test_to_a_user_of_an_agency_nothing_else_exists(sign_in, address):
    sign_in("eao").get(address, base_url=SITE, expect=404)


@pytest.mark.parametrize("address", [*OWN, *OTHERS])
def test_an_officer_sees_everything(sign_in, address):
    sign_in("canbo").get(address, base_url=SITE)


@pytest.mark.parametrize("address", [*OWN, *OTHERS])
def test_a_stranger_sees_nothing(client, seeded, address):
    client.get(address, base_url=SITE, expect=303)


def test_every_address_of_the_console_passes_the_same_guard(app, client, seeded):
    """A route that somebody adds later is closed until it is opened."""
    open_to_all = {"console.sign_in", "console.sign_in_form"}
    values = {"wave": "quay-2026", "agency": "xa-ea-o", "counter": "xa-ea-o-1"}
    with app.test_request_context(base_url=SITE):
        routes = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("console.")]
        addresses = [
            app.url_for(rule.endpoint, **{name: values[name] for name in rule.arguments})
            for rule in routes
            if "GET" in rule.methods and rule.endpoint not in open_to_all
        ]
    assert len(addresses) >= 6
    for address in addresses:
        client.get(address, base_url=SITE, expect=303)


def test_pages_of_the_console_are_not_kept(sign_in):
    client = sign_in("canbo")
    for address in OWN:
        assert client.get(address, base_url=SITE).headers["Cache-Control"] == "no-store"


def test_the_home_of_an_agency_lists_that_agency_alone(sign_in):
    page = sign_in("eao").get("/console/", base_url=SITE).text
    assert "Xã Ea Ô" in page
    assert "Sở Nội vụ</a>" not in page
    assert "/import" not in page


def test_the_home_of_an_officer_counts_responses(sign_in, answered):
    page = sign_in("canbo").get("/console/", base_url=SITE).text
    # 31 + 9 + 20 + 53 responses were imported.
    assert '<td class="number">113</td>' in page
