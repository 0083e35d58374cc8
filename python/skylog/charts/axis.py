"""Where the marks of an axis stand."""

from __future__ import annotations

import math

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def nice_ticks(largest: float, count: int = 5) -> list[float]:
    """Return round numbers from 0 to the first that is not below `largest`, about `count` steps.

    >>> nice_ticks(930)
    [0.0, 200.0, 400.0, 600.0, 800.0, 1000.0]
    """
    if largest <= 0:
        return [0.0, 1.0]
    rough = largest / count
    unit = 10.0 ** math.floor(math.log10(rough))
    step = unit * next(step for step in _STEPS if step * unit >= rough * (1 - 1e-9))
    return [step * place for place in range(math.ceil(largest / step - 1e-9) + 1)]


def log_ticks(least: float, largest: float) -> list[float]:
    """Return the powers of ten that enclose the range; both bounds are more than 0.

    >>> log_ticks(3, 400)
    [1.0, 10.0, 100.0, 1000.0]
    """
    first, last = math.floor(math.log10(least)), math.ceil(math.log10(largest))
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]
