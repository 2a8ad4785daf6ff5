"""R's interpolating spline and linear interpolation, as ``confint`` reads limits off a profile."""

from __future__ import annotations

import numpy as np


def inverse_of_spline(x: np.ndarray, y: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The x at which a cubic spline through (x, y) takes the values `wanted`; NaN beyond its range.

    R's ``approx(spline(x, y))``: the spline is laid out on 3 n equally spaced points, and these are
    interpolated linearly as a function of y.
    """
    x, y = collapsed(x, y)
    if len(x) < 2:
        return np.full(len(wanted), np.nan)
    fine = np.linspace(x[0], x[-1], 3 * len(x))
    curve = spline_values(x, y, fine)
    level, place = collapsed(curve, fine)
    return np.interp(wanted, level, place, left=np.nan, right=np.nan)


def collapsed(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sorted by x, equal ones once with the mean of their y."""
    unique, inverse = np.unique(x, return_inverse=True)
    counts = np.bincount(inverse)
    return unique, np.bincount(inverse, y) / counts


def spline_values(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Interpolating cubic spline through (x, y), x increasing, at points inside its range.

    End condition of Forsythe, Malcolm & Moler (1977, section 4.4), R's ``spline(method = "fmm")``: the third
    derivative of the first (last) piece is that of the cubic through the first (last) four points.
    """
    n = len(x)
    h = np.diff(x)
    slope = np.diff(y) / h
    second = second_derivatives(x, h, slope) if n > 2 else np.zeros(n)
    k = np.clip(np.searchsorted(x, at, side="right") - 1, 0, n - 2)
    t = at - x[k]
    cubic = (second[k + 1] - second[k]) / (6 * h[k])
    linear = slope[k] - h[k] * (2 * second[k] + second[k + 1]) / 6
    return y[k] + t * (linear + t * (second[k] / 2 + t * cubic))


def second_derivatives(x: np.ndarray, h: np.ndarray, slope: np.ndarray) -> np.ndarray:
    n = len(x)
    if n == 3:  # a parabola
        return np.full(3, 2 * (slope[1] - slope[0]) / (x[2] - x[0]))
    matrix, right = np.zeros((n, n)), np.zeros(n)
    for i in range(1, n - 1):
        matrix[i, i - 1 : i + 2] = h[i - 1], 2 * (h[i - 1] + h[i]), h[i]
        right[i] = 6 * (slope[i] - slope[i - 1])
    divided = np.diff(slope) / (x[2:] - x[:-2])
    third = 6 * np.diff(divided) / (x[3:] - x[:-3])
    matrix[0, :2], right[0] = (-1.0, 1.0), h[0] * third[0]
    matrix[-1, -2:], right[-1] = (-1.0, 1.0), h[-1] * third[-1]
    return np.linalg.solve(matrix, right)
