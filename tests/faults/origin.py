"""The smallest store there is over HTTP, to try the proxy on."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_PUT(self) -> None:
        if data := self._body():
            self.server.objects[self.path] = data
        self._answer(200)

    def do_GET(self) -> None:
        data = self.server.objects.get(self.path)
        if data is None:
            self._answer(404, b"no such key")
        elif self.path.endswith("chunked"):
            self._answer_chunked(data)
        elif self.path.endswith("closing"):
            self._answer_closing(data)
        else:
            self._answer(200, data)

    do_HEAD = do_GET  # noqa: N815 - the library's name

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _body(self) -> bytes | None:
        """Return a whole body; None for one that breaks off."""
        if self.headers["Transfer-Encoding"] == "chunked":
            return self._chunked()
        size = int(self.headers["Content-Length"] or 0)
        self.server.begun += 1
        data = self.rfile.read(size)
        return data if len(data) == size else None

    def _chunked(self) -> bytes:
        data = b""
        while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def _answer(self, status: int, data: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _answer_chunked(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in range(0, len(data), 10):
            piece = data[start : start + 10]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\nX-Trailer: yes\r\n\r\n")

    def _answer_closing(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.begun = 0
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, *_: object) -> None:
        """Connections that break are what this is about."""


class Origin:
    """It runs for as long as a ``with`` block lasts; a body that breaks off is not stored."""

    def __init__(self) -> None:
        self._server = _Server()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def objects(self) -> dict[str, bytes]:
        """By path."""
        return self._server.objects

    @property
    def begun(self) -> int:
        """Sized bodies that it began to read."""
        return self._server.begun

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return "127.0.0.1", self._server.server_port

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
