"""Platt's scaling (1999): how evidence is weighed, so that it says as probability what share is right."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]

Floats = NDArray[np.float64]


def smoothed(right: Floats) -> Floats:
    """Targets for what is right or wrong (1 or 0), as if half a value more of the other had been seen.

    So values that are all right make nothing certain (Krichevsky and Trofimov's half; Platt takes a whole).
    """
    count = right.sum()
    high, low = (count + 0.5) / (count + 1), 0.5 / (len(right) - count + 1)
    targets: Floats = low + (high - low) * right
    return targets


def scaled(evidence: Floats, right: Floats, prior: Floats) -> tuple[float, list[float]]:
    """Bias and weights of the log-odds of being right (1; else 0), one row of `evidence` for each value.

    A penalty draws them to no bias and the `prior` weights: few values change little.
    """
    seen = np.column_stack([np.ones(len(evidence)), evidence])
    start = np.concatenate([[0.0], prior])

    def loss(weights: Floats) -> tuple[float, Floats]:
        odds = seen @ weights
        error = 1 / (1 + np.exp(-np.clip(odds, -30, 30))) - right
        off = weights - start
        return float((np.logaddexp(0, odds) - right * odds).sum() + off @ off / 2), seen.T @ error + off

    bias, *weights = minimize(loss, start, jac=True, method="L-BFGS-B").x.tolist()
    return bias, weights
