"""The proxy alone: `python -m faults --help`."""

from __future__ import annotations

import argparse
import signal
from pathlib import Path
from threading import Event

from faults.proxy import FaultProxy, rules_from_json
from faults.rules import s3_latencies


def main() -> None:
    """Run until it is interrupted, then show what arrived."""
    parser = argparse.ArgumentParser(prog="python -m faults", description="A slow and faulty way to a store.")
    parser.add_argument("--upstream", required=True, metavar="HOST:PORT", help="the store")
    parser.add_argument("--listen", default="127.0.0.1:0", metavar="HOST:PORT")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--latency", choices=["s3"], help="latencies like S3's")
    parser.add_argument("--rules", type=Path, metavar="FILE", help="a JSON list of rules")
    arguments = parser.parse_args()
    rules = rules_from_json(arguments.rules.read_bytes()) if arguments.rules else ()
    latencies = s3_latencies() if arguments.latency else ()
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    upstream, listen = _address(arguments.upstream), _address(arguments.listen)
    with FaultProxy(upstream, seed=arguments.seed, listen=listen) as proxy:
        proxy.use(*rules, *latencies)
        print(proxy.endpoint, flush=True)
        stop.wait()
        print(proxy.ledger, proxy.ledger.statuses())


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


if __name__ == "__main__":
    main()
