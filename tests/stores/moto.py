"""moto's server: a second dialect of S3, in memory; it checks no signature and no checksum."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType

from stores.endpoint import Endpoint, Keys
from stores.ports import free_port
from stores.process import ServerProcess

_COMMAND = Path(sys.executable).parent / "moto_server"


class MotoServer:
    """A server on a free port, everything gone at its end."""

    def __init__(self, directory: Path) -> None:
        self.process = ServerProcess(directory)
        self.endpoint = Endpoint(f"http://127.0.0.1:{free_port()}", Keys("test", "testsecret"))

    def __enter__(self) -> MotoServer:
        port = self.endpoint.url.rpartition(":")[2]
        try:
            self.process.start([str(_COMMAND), "-H", "127.0.0.1", "-p", port], self.endpoint.answers)
        except BaseException:
            self.process.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
