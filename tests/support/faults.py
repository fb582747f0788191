"""A proxy before a real HTTP server that counts requests and, when told, answers some of them as a server in trouble would."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

_SLOW_DOWN = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
_HOP = {"connection", "keep-alive", "transfer-encoding"}


class FaultyProxy:
    """Forwards to 127.0.0.1:`port`. A context manager."""

    def __init__(self, port: int) -> None:
        """Take a free port; nothing is wrong yet."""
        self.refuse_each = 0
        """So many requests bring one 503 that the server never sees; 0: none."""
        self.lose_each = 0
        """Of so many requests the answer to one is lost, after the server did what it said; 0: none."""
        self.requests: Counter[str] = Counter()
        """How many came, by method."""
        self.faults = 0
        """How many were refused or lost."""
        self._upstream = port
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="proxy", daemon=True)

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> FaultyProxy:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _judge(self, method: str) -> tuple[bool, bool]:
        """(whether this request is refused, whether its answer is lost)."""
        with self._lock:
            self.requests[method] += 1
            number = self.requests.total()
            refused = bool(self.refuse_each) and number % self.refuse_each == 0
            lost = bool(self.lose_each) and number % self.lose_each == 0
            self.faults += refused or lost
            return refused, lost

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def __getattr__(self, name: str) -> Any:
                if name.startswith("do_"):
                    return self._forward
                raise AttributeError(name)

            def _forward(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                refused, lost = proxy._judge(self.command)
                if refused:
                    self._answer(503, {"Content-Type": "application/xml"}, _SLOW_DOWN)
                    return
                upstream = http.client.HTTPConnection("127.0.0.1", proxy._upstream, timeout=30)
                try:
                    upstream.request(self.command, self.path, body or None, dict(self.headers.items()))
                    answer = upstream.getresponse()
                    content = answer.read()
                    if not lost:
                        self._answer(answer.status, dict(answer.headers.items()), content)
                except OSError:  # the server is away: so is the proxy
                    lost = True
                finally:
                    upstream.close()
                self.close_connection = self.close_connection or lost

            def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
                self.send_response_only(status)
                for name, value in headers.items():
                    if name.lower() not in _HOP | {"content-length"}:
                        self.send_header(name, value)
                length = headers.get("Content-Length") if self.command == "HEAD" else None
                self.send_header("Content-Length", length or str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
