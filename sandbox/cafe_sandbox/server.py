"""How both sandboxes start and stop: arguments, guard against production, one uvicorn process."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI

from cafe_sandbox.problems import install_problems

LOOPBACK = "127.0.0.1"
MAX_PORT = 65535
GRACEFUL_SHUTDOWN_S = 1


@dataclass(frozen=True, slots=True)
class Options:
    """Where to listen and which file holds what must survive a restart.

    `more` has what only one of the programs asks for.
    """

    host: str
    port: int
    data: Path
    more: argparse.Namespace


def port_number(text: str) -> int:
    """Parse a port; argparse shows the function's name when it is no number at all."""
    port = int(text)
    if not 1 <= port <= MAX_PORT:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return port


def _no_more(_: argparse.ArgumentParser) -> None:
    """Add nothing."""


def read_options(
    module: str,
    description: str,
    default_port: int,
    default_data: str,
    add_more: Callable[[argparse.ArgumentParser], None] = _no_more,
) -> Options:
    """Read the command line and make the folder of the data file; exit with one sentence if bad."""
    if os.environ.get("ENVIRONMENT") == "production":
        sys.exit(f"{module} is a stand-in for tests and refuses to run with ENVIRONMENT=production")
    parser = argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=description,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    # Another address only where something else keeps strangers out, as in a pod.
    parser.add_argument("--host", default=LOOPBACK, help="address to listen on")
    parser.add_argument("--port", type=port_number, default=default_port, help="port there")
    parser.add_argument("--data", type=Path, default=Path(default_data), help="durable file")
    add_more(parser)
    arguments = parser.parse_args()
    options = Options(arguments.host, arguments.port, arguments.data, arguments)
    try:
        options.data.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sys.exit(f"{module} cannot make the folder of {options.data}: {error.strerror}")
    return options


def new_app(title: str) -> FastAPI:
    """Give an app with problem answers and `GET /livez`, and without a documentation page."""
    app = FastAPI(title=title, openapi_url=None)
    install_problems(app)
    app.add_api_route("/livez", _livez)
    return app


async def _livez() -> dict[str, str]:
    return {"status": "ok"}


def _exit(_: int, __: FrameType | None) -> None:
    sys.exit(0)


def serve(app: FastAPI, options: Options) -> None:
    """Serve until SIGTERM or Ctrl-C; a request that still hangs is cut off after a second."""
    # uvicorn raises the signal that stopped it once more; answered here, the exit status is 0.
    signal.signal(signal.SIGTERM, _exit)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("cafe_sandbox").setLevel(logging.INFO)
    logging.getLogger("cafe_sandbox").info(
        "%s on http://%s:%d", app.title, options.host, options.port
    )
    uvicorn.run(
        app,
        host=options.host,
        port=options.port,
        access_log=False,
        log_config=None,
        log_level="warning",
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_S,
    )
