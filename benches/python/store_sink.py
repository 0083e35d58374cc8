"""A server that speaks just enough of S3 to be uploaded to and read from, and keeps nothing.

Its own CPU time does not count; it is a process of its own so that the client's can be told apart.
"""

from __future__ import annotations

import os
import re
import socketserver
import subprocess
import sys
from types import TracebackType

OBJECT_BYTES = 8 << 20

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_RANGE = re.compile(rb"\r\nrange: *bytes=(\d+)-(\d*)", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect: *100-continue", re.IGNORECASE)
_COMMON = (
    b'ETag: "d41d8cd98f00b204e9800998ecf8427e"\r\n'
    b"Last-Modified: Mon, 23 Nov 2026 12:00:00 GMT\r\nAccept-Ranges: bytes\r\n"
)
_DATA = memoryview(os.urandom(OBJECT_BYTES))


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        scratch = bytearray(1 << 20)
        pending = b""
        while True:
            while (end := pending.find(b"\r\n\r\n")) < 0:
                received = self.request.recv(1 << 16)
                if not received:
                    return
                pending += received
            head, pending = pending[: end + 2], pending[end + 4 :]
            pending = self._take_body(head, pending, scratch)
            self._answer(head)

    def _take_body(self, head: bytes, pending: bytes, scratch: bytearray) -> bytes:
        match = _LENGTH.search(head)
        left = (int(match[1]) if match else 0) - len(pending)
        if left > 0 and _EXPECT.search(head):
            self.request.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if left <= 0:
            return pending[len(pending) + left :]
        while left > 0:
            left -= self.request.recv_into(scratch, min(left, len(scratch)))
        return b""

    def _answer(self, head: bytes) -> None:
        wanted = _RANGE.search(head) if head.startswith(b"GET") else None
        if wanted is None:
            self.request.sendall(b"HTTP/1.1 200 OK\r\n" + _COMMON + b"Content-Length: 0\r\n\r\n")
            return
        first = int(wanted[1])
        last = int(wanted[2]) if wanted[2] else OBJECT_BYTES - 1
        lines = b"Content-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n\r\n"
        sizes = lines % (first, last, OBJECT_BYTES, last - first + 1)
        self.request.sendall(b"HTTP/1.1 206 Partial Content\r\n" + _COMMON + sizes)
        self.request.sendall(_DATA[first : last + 1])


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64


class Sink:
    """The server in a process of its own for as long as a ``with`` block lasts."""

    def __enter__(self) -> Sink:
        self._process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.endpoint = f"http://127.0.0.1:{self._process.stdout.readline().strip()}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()


if __name__ == "__main__":
    with _Server(("127.0.0.1", 0), _Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
