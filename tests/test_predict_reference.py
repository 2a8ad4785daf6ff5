"""Predictions on new rows (link, response, terms; standard errors; offsets anew) against R 4.2.2."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from reference.models.load import fitted, new_rows, numbers, reference, table
from test_models_reference import close
from tolerances import ROWS, STANDARD_ERROR

from glmformula.errors import DataError, RankWarning

IDS = [i for i in sorted(table()) if not reference()[i]["reasons"]]


def predicted(id_, **options):
    fit = fitted(id_).fit
    with warnings.catch_warnings():
        if fit.rank < len(fit.coefficients):
            warnings.simplefilter("ignore", RankWarning)
        return fit.predict(new_rows(table()[id_]["data"]), se_fit=True, **options)


def scale_of(values):
    finite = values[np.isfinite(values)]
    return np.max(np.abs(finite), initial=0.0)


@pytest.mark.parametrize("id_", IDS)
def test_fit_and_standard_error(id_):
    fit = fitted(id_).fit
    for type_ in ("link", "response"):
        theirs = reference()[id_]["predict"][type_]
        if "error" in theirs:
            with pytest.raises(DataError, match="new level"):
                predicted(id_, type=type_)
            continue
        ours = predicted(id_, type=type_)
        keep = np.ones(len(ours), dtype=bool)
        if fit.rank < len(
            fit.coefficients
        ):  # where a row is not estimable R gives a number, we NaN and a flag
            keep = ours["estimable"].to_numpy()
            assert ours.loc[~keep, "fit"].isna().all()
        values, se = numbers(theirs["fit"])[keep], numbers(theirs["se"])[keep]
        close(ours["fit"][keep], values, ROWS, scale_of(values))
        close(ours["se_fit"][keep], se, STANDARD_ERROR)


@pytest.mark.parametrize("id_", IDS)
def test_terms(id_):
    theirs = reference()[id_]["predict"]["terms"]
    if "error" in theirs:
        with pytest.raises(DataError, match="new level"):
            predicted(id_, type="terms")
        return
    ours = predicted(id_, type="terms")
    names = theirs["names"] or []
    fit, se = numbers(theirs["fit"]), numbers(theirs["se"])
    if names:
        scale = np.nanmax(np.abs(numbers(reference()[id_]["rows"]["eta"])))
        close(np.column_stack([ours["fit", n] for n in names]), fit, ROWS, scale)
        close(np.column_stack([ours["se_fit", n] for n in names]), se, STANDARD_ERROR, 1e-9 * scale_of(se))
    if theirs["constant"] is not None:
        assert ours.attrs["constant"] == pytest.approx(theirs["constant"], rel=ROWS, abs=1e-12)
