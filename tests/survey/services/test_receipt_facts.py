"""Yes, no and unknown, and nothing else, about the sender's address and haste."""

import datetime as dt
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms import loading
from survey.services import receipt_facts

NETWORKS = tuple(map(ipaddress.ip_network, ("203.0.113.0/24", "10.0.0.0/8", "2001:db8:5::/48")))
COUNTER = loading.load("sipas-counter")


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("203.0.113.0", True),
        ("203.0.113.255", True),
        ("203.0.114.0", False),
        ("10.255.255.255", True),
        ("2001:db8:5:ffff::1", True),
        ("2001:db8:6::1", False),
        # How a server that listens for both kinds writes an IPv4 visitor.
        ("::ffff:203.0.113.7", True),
        ("::ffff:198.51.100.7", False),
        ("127.0.0.1", False),
    ],
)
def test_an_address_lies_in_one_of_the_networks_or_in_none(address, inside):
    assert receipt_facts.is_from(NETWORKS, address) is inside


@pytest.mark.parametrize("address", [None, "", "unknown", "203.0.113.7:4711", "203.0.113"])
def test_what_is_no_address_is_unknown_and_not_outside(address):
    assert receipt_facts.is_from(NETWORKS, address) is None


def test_where_no_network_is_named_nothing_is_known():
    assert receipt_facts.is_from((), "203.0.113.7") is None


@given(st.ip_addresses())
def test_membership_is_that_of_the_bits(address):
    # Another derivation: the leading bits of the address are those of the network.
    def inside(network):
        shift = network.max_prefixlen - network.prefixlen
        return network.version == address.version and int(address) >> shift == int(network.network_address) >> shift

    mapped = address.version == 6 and address.ipv4_mapped is not None
    assert mapped or receipt_facts.is_from(NETWORKS, str(address)) is any(map(inside, NETWORKS))


def test_the_counter_s_form_takes_nine_seconds_at_least():
    # Six questions must be answered; the optional ones may be passed over unread.
    assert receipt_facts.shortest_reading(COUNTER) == dt.timedelta(seconds=9)
    just_short = dt.timedelta(seconds=9) - dt.timedelta(microseconds=1)
    assert receipt_facts.is_quick(COUNTER, dt.timedelta(0)) is True
    assert receipt_facts.is_quick(COUNTER, just_short) is True
    assert receipt_facts.is_quick(COUNTER, dt.timedelta(seconds=9)) is False


@pytest.mark.parametrize("age", [None, dt.timedelta(seconds=-1)])
def test_where_no_age_is_known_haste_is_not(age):
    assert receipt_facts.is_quick(COUNTER, age) is None


@pytest.mark.parametrize("name", loading.available())
@pytest.mark.parametrize("language", ["vi", "en"])
def test_who_reads_the_bare_questions_at_a_third_of_a_second_a_word_is_never_quick(name, language):
    # Less than a third of a second a word is speeding (Zhang 2013).
    questionnaire = loading.load(name)
    words = sum(len(item.text.localised(language).split()) for item in questionnaire.items if item.required)
    assert receipt_facts.shortest_reading(questionnaire) <= dt.timedelta(seconds=0.3 * words)
