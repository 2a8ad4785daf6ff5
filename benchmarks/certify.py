"""What the certificate of 1,000 columns costs, beside a QR fit of the same data."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

ROWS, COLUMNS = 5_000, 1_000


def data(rows: int = ROWS, columns: int = COLUMNS, seed: int = 6) -> pd.DataFrame:
    """Normal columns and a 0/1 outcome that depends on five of them."""
    draw = np.random.default_rng(seed)
    X = draw.standard_normal((rows, columns))
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(columns)])
    return frame.assign(y=(draw.random(rows) < 1 / (1 + np.exp(-X[:, :5].sum(axis=1) / 2))).astype(float))


def beside_its_fit(frame: pd.DataFrame, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of a QR fit and of its certificate, round by round."""
    import glmformula

    fits, certificates = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        fit = glmformula.glm("y ~ .", data=frame, family="binomial", method="qr")
        fitted = time.perf_counter()
        fit.certificate()
        fits.append(fitted - start)
        certificates.append(time.perf_counter() - fitted)
    return fits, certificates
