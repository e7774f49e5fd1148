"""Made-up rows that the tests of moments share: scores of respondents in strata and PSUs, with weights."""

from __future__ import annotations

import numpy as np

from analysis.moments import moments_from_rows


def scores(*, rng, names, psus=(6, 5, 7), people=8, effects=None):
    """Correlated scores on 1 to 5, strata as domains' halves, unequal weights; a mapping of columns."""
    stratum = np.repeat(np.arange(len(psus)), [people * each for each in psus])
    psu = np.concatenate([np.repeat(np.arange(each), people) for each in psus])
    key = stratum * 100 + psu
    common = rng.normal(size=len(key)) + rng.normal(size=key.max() + 1)[key] * 0.5
    latent = common[:, None] * 0.8 + rng.normal(size=(len(key), len(names)))
    if effects is not None:
        latent[:, 0] = latent[:, 1:] @ np.asarray(effects) + rng.normal(size=len(key))
    values = np.clip(np.round(latent + 3.5), 1, 5)
    return {
        "columns": dict(zip(names, values.T, strict=True)),
        "weights": rng.uniform(0.5, 3.0, len(key)),
        "stratum": stratum,
        "psu": psu,
        "domain": np.where(rng.random(len(key)) < 0.5, "north", "south"),
    }


def moments_of(rows, *, domain=None):
    """The moments of such rows, of all of them or by domain."""
    keys = {name: rows[name] for name in ("weights", "stratum", "psu")}
    label = np.full(len(rows["psu"]), "all") if domain is None else domain
    return moments_from_rows(rows["columns"], domain=label, **keys)
