"""What is measured in which order, and how much time and traffic each part of it gets. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from skylog.bench.sizes import GIB, KIB, MIB
from skylog.errors import InvalidConfig

Kind: TypeAlias = Literal["put", "get", "range", "list", "delete"]

KINDS: Final[tuple[Kind, ...]] = ("put", "get", "range", "list", "delete")

REQUESTS_MAX: Final = 10_000
"""Of one cell: enough for p99.9, and a bound to what it costs."""

_LISTS_MAX: Final = 1_000
"""A LIST costs as much as a PUT, and nothing but sweeps makes any."""

_WEIGHT_MIN: Final = 8 * MIB
_CONCURRENCY_MAX: Final = 1024


@dataclass(frozen=True, slots=True)
class Cell:
    """One kind of request, of one size in bytes (0 for LIST and DELETE), so many at a time."""

    kind: Kind
    size: int
    concurrency: int

    @property
    def weight(self) -> int:
        """How much of the traffic it should get; small requests get enough for percentiles."""
        return max(self.size * self.concurrency, _WEIGHT_MIN) if self.size else 0

    @property
    def patience(self) -> float:
        """How much of the time it should get; one at a time needs more of it for as many requests."""
        return 1 + 3 / self.concurrency

    def __str__(self) -> str:
        size = f" {self.size // KIB:,} KiB" if self.size else ""
        return f"{self.kind.upper()}{size} × {self.concurrency}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The grid and its bounds.

    Attributes
    ----------
    sizes, concurrencies : sequence of int
        Bytes of objects and of ranges; requests at a time.
    seconds : float
        Of all cells together, cleaning up apart.
    bytes_max : int
        Up and down, all cells together.
    in_flight_bytes_max : int
        Cells that would have more on its way at once are left out.
    """

    sizes: Sequence[int] = (4 * KIB, 64 * KIB, MIB, 8 * MIB, 64 * MIB)
    concurrencies: Sequence[int] = (1, 4, 16, 64)
    seconds: float = 120.0
    bytes_max: int = 8 * GIB
    in_flight_bytes_max: int = 256 * MIB

    def __post_init__(self) -> None:
        if not self.sizes or min(self.sizes) < 1:
            raise InvalidConfig(f"--sizes: expected sizes from 1 byte on, found {list(self.sizes)}")
        if not self.concurrencies or not 1 <= min(self.concurrencies) <= max(self.concurrencies) <= 1024:
            raise InvalidConfig(
                f"--concurrency: expected numbers from 1 to {_CONCURRENCY_MAX}, "
                f"found {list(self.concurrencies)}"
            )
        if not self.seconds > 0:
            raise InvalidConfig(f"--seconds: expected more than 0, found {self.seconds:g}")
        if self.bytes_max < 2 * max(self.sizes):
            raise InvalidConfig(
                f"--bytes-max: expected at least twice the largest size ({2 * max(self.sizes)}), "
                f"found {self.bytes_max}; or leave large ones out with --sizes"
            )

    def cells(self) -> list[Cell]:
        """Return the cells: objects of all sizes are written before anything is read, deleted at the end."""
        ranged = self.sizes[:-1] or self.sizes
        sized: list[tuple[Kind, Sequence[int]]] = [
            ("put", self.sizes),
            ("get", self.sizes),
            ("range", ranged),
        ]
        cells = [
            Cell(kind, size, many) for kind, sizes in sized for size in sizes for many in self._fit(size)
        ]
        unsized: list[Kind] = ["list", "delete"]
        return cells + [Cell(kind, 0, many) for kind in unsized for many in self.concurrencies]

    def _fit(self, size: int) -> list[int]:
        return [each for each in self.concurrencies if each == 1 or each * size <= self.in_flight_bytes_max]


QUICK: Final = Plan((4 * KIB, MIB, 8 * MIB), (1, 16), seconds=20.0, bytes_max=GIB)
"""A look at a store: about half a minute."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one cell may take: requests, and seconds until the last one begins."""

    requests: int
    seconds: float


class Budget:
    """Hands time and traffic out to cells; what one leaves over goes to the next ones.

    Parameters
    ----------
    plan : Plan
    cells : sequence of Cell
        Asked for in this order.
    """

    def __init__(self, plan: Plan, cells: Sequence[Cell]) -> None:
        self._seconds = plan.seconds
        self._bytes = plan.bytes_max
        self._patience = sum(cell.patience for cell in cells)
        self._weight = sum(cell.weight for cell in cells)

    def take(self, cell: Cell) -> Share:
        """Return the share of the next cell; 0 requests if its traffic would not fit any more."""
        seconds = max(0.0, self._seconds) * cell.patience / self._patience
        requests = _LISTS_MAX if cell.kind == "list" else REQUESTS_MAX
        if cell.size:
            fair = self._bytes * cell.weight / max(self._weight, 1)
            requests = int(min(REQUESTS_MAX, max(fair, min(self._bytes, cell.size)) // cell.size))
        self._patience = max(0.0, self._patience - cell.patience)
        self._weight -= cell.weight
        return Share(requests, seconds)

    def spend(self, seconds: float, moved_bytes: int) -> None:
        """Note what a cell took."""
        self._seconds -= seconds
        self._bytes -= moved_bytes
