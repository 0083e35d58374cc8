"""Azurite, Microsoft's emulator of Azure Blob Storage, from npm; its own make target installs it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import os
from email.utils import formatdate
from pathlib import Path
from types import TracebackType

from stores.ports import free_port
from stores.process import ServerProcess

PROGRAM = os.environ.get("AZURITE", "")
"""Path of ``azurite-blob``; empty where nobody asked for it."""

ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The published key of every emulator; it protects nothing."""

_VERSION = "2021-12-02"


class Azurite:
    """A server on a free port, with its data in memory."""

    def __init__(self, directory: Path) -> None:
        self.process = ServerProcess(directory)
        self._directory = directory
        self._port = free_port()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that hand account and key to a process."""
        return {"AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT, "AZURE_STORAGE_ACCOUNT_KEY": ACCOUNT_KEY}

    def store_url(self, container: str, prefix: str = "", **parameters: str) -> str:
        """The URL of a skylog store."""
        more = "".join(f"&{name}={value}" for name, value in parameters.items())
        return f"az://{container}/{prefix}?account={ACCOUNT}&endpoint=http://127.0.0.1:{self._port}{more}"

    def create_container(self, container: str) -> None:
        """Create a container, by a request signed as Azure wants it."""
        date = formatdate(usegmt=True)
        signed = (
            f"x-ms-date:{date}\nx-ms-version:{_VERSION}\n/{ACCOUNT}/{ACCOUNT}/{container}\nrestype:container"
        )
        text = "PUT\n" + "\n" * 11 + signed
        digest = hmac.new(base64.b64decode(ACCOUNT_KEY), text.encode(), hashlib.sha256).digest()
        headers = {
            "x-ms-date": date,
            "x-ms-version": _VERSION,
            "Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}",
            "Content-Length": "0",
        }
        status = self._request("PUT", f"/{ACCOUNT}/{container}?restype=container", headers)
        assert status == 201, status

    def __enter__(self) -> Azurite:
        options = ["--blobHost", "127.0.0.1", "--blobPort", str(self._port), "--inMemoryPersistence"]
        quiet = ["--silent", "--skipApiVersionCheck", "--disableTelemetry"]
        command = [PROGRAM, *options, *quiet]
        self.process.start(command, self._answers)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()

    def _answers(self) -> bool:
        try:
            return self._request("GET", "/", {}) < 500
        except (OSError, http.client.HTTPException):
            return False

    def _request(self, method: str, path: str, headers: dict[str, str]) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request(method, path, headers=headers)
            return connection.getresponse().status
        finally:
            connection.close()
