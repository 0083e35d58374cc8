"""SeaweedFS, a real S3 server from PyPI: signatures, checksums, atomic conditional PUT, durable at kill -9.

with SeaweedFS(directory) as server:
    server.endpoint.create_bucket("bucket")
    server.process.pause()
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

from stores.endpoint import Endpoint, Keys
from stores.ports import free_port_pairs
from stores.process import ServerProcess

WEED = Path(sys.executable).parent / "weed"

ADMIN = Keys("test", "testsecret")
READER = Keys("reader", "readersecret")
"""May read and list, and nothing else."""

WRITER = Keys("writer", "writersecret")
"""May read and write, and not list."""

LISTER = Keys("lister", "listersecret")
"""May list and nothing else."""

_ACTIONS = {
    ADMIN: ["Admin", "Read", "Write", "List", "Tagging"],
    READER: ["Read", "List"],
    WRITER: ["Read", "Write"],
    LISTER: ["List"],
}
_STARTS_MAX = 5


class SeaweedFS:
    """A server with its data under `directory`, on ports that were free.

    Parameters
    ----------
    external_url
        What clients call it by, when they come through a proxy: signatures cover the host name.
    options
        Further options of its command.
    """

    def __init__(self, directory: Path, external_url: str | None = None, options: Sequence[str] = ()) -> None:
        self._options = options
        self._directory = directory
        self._external_url = external_url
        self._ports: list[int] = []
        self.process = ServerProcess(directory)
        self.endpoint = Endpoint("", ADMIN)
        self._sockets = tempfile.TemporaryDirectory(prefix="weed-")  # their paths must be short
        self._write_identities()

    def start(self) -> SeaweedFS:
        """Start it and wait until it answers, about a second; others may take the ports first."""
        for left in reversed(range(_STARTS_MAX)):
            self._choose_ports()
            try:
                self._launch()
            except (ChildProcessError, TimeoutError):
                self.process.kill()
                if not left:
                    raise
            else:
                break
        return self

    def restart(self) -> None:
        """Start it again after `kill`, with the same data on the same ports."""
        self._launch()

    def kill(self) -> None:
        """End it at once; acknowledged objects stay."""
        self.process.kill()

    def stop(self) -> None:
        """End it for good."""
        self.kill()
        self._sockets.cleanup()

    def __enter__(self) -> SeaweedFS:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _choose_ports(self) -> None:
        self._ports = free_port_pairs(7)
        self.endpoint = Endpoint(f"http://127.0.0.1:{self._ports[0]}", ADMIN)

    def _launch(self) -> None:
        self.process.start(self._command(), self.endpoint.answers, {"TMPDIR": self._sockets.name})

    def _command(self) -> list[str]:
        names = ("s3.port", "master.port", "volume.port", "filer.port", "admin.port")
        ports = [f"-{name}={port}" for name, port in zip(names, self._ports, strict=False)]
        tables = [f"-s3.port.iceberg={self._ports[5]}", f"-s3.port.lance={self._ports[6]}"]
        more = [f"-s3.externalUrl={self._external_url}"] if self._external_url else []
        return [
            *[str(WEED), "-logtostderr", "mini", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"],
            *[f"-dir={self._directory / 'data'}", "-webdav=false", "-admin.ui=false"],
            *["-master.telemetry=false", f"-s3.config={self._directory / 's3.json'}"],
            *ports,
            *tables,
            *more,
            *self._options,
        ]

    def _write_identities(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        (self._directory / "data").mkdir(exist_ok=True)
        identities = [_identity(keys, actions) for keys, actions in _ACTIONS.items()]
        (self._directory / "s3.json").write_text(json.dumps({"identities": identities}))


def _identity(keys: Keys, actions: Iterable[str]) -> dict[str, object]:
    return {
        "name": keys.access_key,
        "credentials": [{"accessKey": keys.access_key, "secretKey": keys.secret_key}],
        "actions": list(actions),
    }
