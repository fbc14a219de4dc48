"""A server on 127.0.0.1 that serves made files and misbehaves as it is told."""

from __future__ import annotations

import sys
import threading
from collections import defaultdict
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site:
    """`files` by path; `faults` by path are used up one a request; `asked` keeps (path, range)."""

    def __init__(self):
        self.files = {}
        self.faults = defaultdict(list)
        self.asked = []
        self.ranges = True
        self.stop = threading.Event()
        self.address = ""

    def url(self, path):
        return f"{self.address}/{path}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self):
        site, path = self.site, self.path.lstrip("/")
        wanted = self.headers.get("Range", "")
        site.asked.append((path, wanted))
        fault = site.faults[path].pop(0) if site.faults[path] else None
        if isinstance(fault, int):
            return self.answer(fault, b"no")
        if isinstance(fault, str) and fault.startswith("redirect "):
            return self.answer(302, b"", Location=site.url(fault.split()[1]))
        if path not in site.files:
            return self.answer(404, b"not found")
        body = site.files[path]
        if fault == "wrong bytes":
            body = b"x" * len(body)
        if not (wanted and site.ranges):
            return self.answer(200, body, fault=fault)
        start = int(wanted.removeprefix("bytes=").rstrip("-"))
        if start >= len(body):
            return self.answer(416, b"")
        told = 0 if fault == "wrong range" else start
        where = f"bytes {told}-{len(body) - 1}/{len(body)}"
        return self.answer(206, body[told:], fault=fault, **{"Content-Range": where})

    def answer(self, status, body, fault=None, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault == "cut":
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif fault == "slow":
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.site.stop.wait(10)
            self.close_connection = True
        else:
            self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """A client that hangs up is part of the game; anything else is told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving():
    """A Site that is being served."""
    site = Site()
    handler = type("OfSite", (Handler,), {"site": site})
    server = Server(("127.0.0.1", 0), handler)
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield site
    finally:
        site.stop.set()
        server.shutdown()
        thread.join()
        server.server_close()
