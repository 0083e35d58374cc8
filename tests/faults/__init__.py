"""A fault-injecting proxy before S3-like stores: see `faults.proxy`."""

from faults.ledger import Entry, Ledger
from faults.proxy import FaultProxy
from faults.rules import Fault, Rule, s3_latencies

__all__ = ["Entry", "Fault", "FaultProxy", "Ledger", "Rule", "s3_latencies"]
