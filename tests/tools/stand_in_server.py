"""A stand-in for an app, a sidecar, the scheduler or a sandbox: answers every GET with 200.

It listens on the port that the real program would be told: APP_PORT, --dapr-http-port,
--healthz-port or --port.
"""

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT_OPTIONS = ("--dapr-http-port", "--healthz-port", "--port")


class Healthy(BaseHTTPRequestHandler):
    """Everything is fine."""

    def do_GET(self) -> None:
        """Answer 200 with an empty body."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent."""


def _port() -> int:
    for option in PORT_OPTIONS:
        if option in sys.argv:
            return int(sys.argv[sys.argv.index(option) + 1])
    return int(os.environ["APP_PORT"])


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", _port()), Healthy).serve_forever()
