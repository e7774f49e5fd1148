"""The scale of angles: exact moments against sums over the binomial and quadrature."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import binom, norm

from analysis.arcsine import QUARTER, limits_as_shares, to_angles, to_shares


def angle(share):
    return np.arcsin(np.sqrt(share))


def moments(share, size, *, centre):
    """Mean and variance of the angle over all samples of `size`, by the binomial's own probabilities."""
    count = np.arange(size + 1)
    chance = binom.pmf(count, size, share)
    angles, variances = to_angles(count / size, np.full(size + 1, float(size)), np.full(size + 1, angle(centre)))
    mean = chance @ angles
    return mean, chance @ np.square(angles - mean), variances[0]


@pytest.mark.parametrize("share", [0.5, 0.8, 0.9])
@pytest.mark.parametrize("size", [5, 12, 50, 200])
def test_angles_are_unbiased_at_the_centre_with_the_variance_they_claim(share, size):
    mean, variance, claimed = moments(share, size, centre=share)
    assert mean == pytest.approx(angle(share), abs=1e-12)
    # The claim stays at the Cramér-Rao bound or above.
    assert claimed >= variance * (1 - 1e-12)
    assert claimed == pytest.approx(max(variance, 1 / (4 * size)), rel=1e-9)


@pytest.mark.parametrize("size", [8, 30])
def test_angles_follow_the_share_around_the_centre(size):
    step = 1e-4
    above, below = (moments(np.sin(angle(0.85) + side * step) ** 2, size, centre=0.85)[0] for side in (1, -1))
    # A central difference of a smooth function.
    assert (above - below) / (2 * step) == pytest.approx(1, abs=1e-6)


def test_near_an_end_the_textbook_angle_is_off_and_ours_is_not():
    count = np.arange(11)
    textbook = binom.pmf(count, 10, 0.95) @ angle(count / 10)
    assert textbook - angle(0.95) > 0.05
    assert moments(0.95, 10, centre=0.95)[0] == pytest.approx(angle(0.95), abs=1e-12)


def test_in_large_samples_it_is_the_textbook_angle():
    angles, variances = to_angles(np.array([0.9]), np.array([5000.0]), np.array([1.0]))
    assert angles == pytest.approx(angle(0.9), abs=1e-4)
    assert variances == pytest.approx(1 / 20000, rel=1e-3)


def test_the_change_to_the_textbook_angle_is_small():
    near = np.array([200.4, 200.6])
    angles, variances = to_angles(np.full(2, 0.93), near, np.full(2, angle(0.9)))
    deviation = np.sqrt(variances[0])
    assert abs(angles[1] - angles[0]) < 0.05 * deviation
    assert variances[1] == pytest.approx(variances[0], rel=0.03)


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("centre", [0.0, 0.999, QUARTER])
def test_shares_at_the_ends_have_angles(share, centre):
    angles, variances = to_angles(np.full(3, share), np.array([0.4, 2.0, 500.0]), np.full(3, centre))
    assert np.isfinite(angles).all()
    assert (variances > 0).all()
    # One answer or less is worth no more than its effective size says.
    assert variances[0] >= 1 / (4 * 0.4) * (1 - 1e-12)


@pytest.mark.parametrize("centre", [0.1, 1.2, 1.5, QUARTER])
@pytest.mark.parametrize("variance", [1e-6, 0.003, 0.05, 0.6])
def test_shares_are_the_integral_over_the_normal(centre, variance):
    def moment(power):
        # In standard units, so that the integrator finds a narrow peak.
        return quad(
            lambda z: np.sin(centre + np.sqrt(variance) * z) ** (2 * power) * norm.pdf(z), -12, 12, epsabs=1e-13
        )[0]

    share, deviation = to_shares(np.array([centre]), np.array([variance]))
    assert share[0] == pytest.approx(moment(1), abs=1e-11)
    # A variance as a difference of moments of order 1 keeps some twelve digits.
    assert deviation[0] ** 2 == pytest.approx(moment(2) - moment(1) ** 2, abs=1e-11)


def test_an_angle_at_the_end_is_not_a_share_of_one_half():
    share, _ = to_shares(np.array([QUARTER]), np.array([0.01]))
    assert share[0] == pytest.approx((1 + np.exp(-0.02)) / 2, rel=1e-14)


def test_limits_never_turn_back():
    low, high = limits_as_shares(np.array([-0.2, 1.0]), np.array([0.3, 2.0]))
    assert low.tolist() == pytest.approx([0, np.sin(1) ** 2])
    assert high.tolist() == pytest.approx([np.sin(0.3) ** 2, 1])
