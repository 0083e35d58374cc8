"""How batches are sent, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from skylog.bulk.window import REMEMBERED_BATCHES

REQUEST_BYTES: Final = 8 * 1024 * 1024

_IN_FLIGHT_MAX: Final = 1000


@dataclass(frozen=True, slots=True)
class Delivery:
    """How batches are sent.

    Attributes
    ----------
    idempotence : bool
        Batches carry the producer's identity and sequences, so that what is sent again is not written again.
    acks : int
        -1: all replicas in sync have it; 1: the leader has it; 0: it was sent. Idempotence needs -1.
    in_flight : int
        Requests to one broker without an answer; with idempotence at most 5, which is what brokers remember.
        Without idempotence batches may change places on a retry unless this is 1.
    request_bytes : int
        Batches of one request at most; a larger batch goes alone.
    timeout_s : float
        How long a partition with something to send may go without one acknowledgement.
    """

    idempotence: bool = True
    acks: int = -1
    in_flight: int = REMEMBERED_BATCHES
    request_bytes: int = REQUEST_BYTES
    timeout_s: float = 120.0

    def __post_init__(self) -> None:
        if self.acks not in {-1, 0, 1}:
            raise ValueError(f"acks: expected -1, 0 or 1, found {self.acks}")
        if self.idempotence and self.acks != -1:
            raise ValueError(f"acks: idempotence needs -1, found {self.acks}; or pass idempotence=False")
        most = REMEMBERED_BATCHES if self.idempotence else _IN_FLIGHT_MAX
        if not 1 <= self.in_flight <= most:
            raise ValueError(f"in_flight: expected 1 to {most}, found {self.in_flight}")
        if self.request_bytes < 1:
            raise ValueError(f"request_bytes: expected at least 1, found {self.request_bytes}")
        if not self.timeout_s > 0:
            raise ValueError(f"timeout_s: expected more than 0, found {self.timeout_s}")
