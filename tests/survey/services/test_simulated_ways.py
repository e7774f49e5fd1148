import numpy as np

from survey.models import Entry, Trust
from survey.services import simulated_ways


def drawn(agencies=400, each=500, seed=20261007):
    agency = np.repeat(np.arange(agencies), each)
    trust, entry = simulated_ways.ways(agency, agencies=agencies, rng=np.random.default_rng(seed))
    return trust.reshape(agencies, each), entry.reshape(agencies, each)


def test_verified_answers_come_from_the_agencies_that_hand_out_slips_and_nowhere_else():
    trust, entry = drawn()
    assert set(np.unique(trust)) == set(Trust)
    assert set(np.unique(entry)) == set(Entry)
    verified = ((trust == Trust.VERIFIED) & (entry == Entry.PHONE)).sum(axis=1) / (entry == Entry.PHONE).sum(axis=1)
    using = verified > 0
    # Four standard deviations of a count of 400 agencies, and of a share of at least 350 answers on phones.
    assert abs(using.mean() - simulated_ways.WITH_SLIPS) < 4 * (0.25 * 0.75 / 400) ** 0.5
    share = simulated_ways.TRUST_WITH_SLIPS[Trust.VERIFIED]
    assert np.abs(verified[using] - share).max() < 4 * (share * (1 - share) / 350) ** 0.5


def test_tablets_stand_at_a_tenth_of_the_agencies_and_people_are_helped_everywhere():
    _, entry = drawn()
    kiosks = (entry == Entry.KIOSK).any(axis=1)
    assert abs(kiosks.mean() - simulated_ways.WITH_KIOSKS) < 4 * (0.1 * 0.9 / 400) ** 0.5
    assert abs((entry == Entry.ASSISTED).mean() - simulated_ways.ASSISTED) < 0.002
