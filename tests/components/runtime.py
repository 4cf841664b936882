"""Real daprd and real Valkey on the files of `components/`, each test on its own.

The files are copied with this run's ports and paths; nothing else in them changes unless a test
says so (`Runtime.change`).
"""

import contextlib
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from valkey.asyncio import Valkey

from tests.components.recording_app import RecordingApp
from tests.components.resources import FOLDER
from tests.waiting import wait_until
from tools import components
from tools.ports import random_ports
from tools.processes import Process, Program
from tools.topology import Commands

CLOUDEVENT = {"content-type": "application/cloudevents+json"}
PORT_FLAGS = (
    "--dapr-http-port",
    "--dapr-grpc-port",
    "--dapr-internal-grpc-port",
    "--metrics-port",
)
LOOPBACK_FLAGS = (
    "--dapr-listen-addresses",
    "--dapr-internal-grpc-listen-address",
    "--metrics-listen-address",
)


@dataclass
class Sidecar:
    """One daprd; `http` speaks to its API."""

    app: RecordingApp
    process: Process
    http: httpx.AsyncClient
    metrics_url: str

    async def start(self) -> None:
        """Start it, again after a `process.kill()`; wait until it delivers to its app."""
        self.process.start()
        await wait_until(self._subscribed, what=f"{self.process.name}, see {self.process.log}")

    async def publish(self, pubsub: str, topic: str, event_id: str = "1") -> int:
        """Publish a CloudEvent named like its topic, as the services do; return the status."""
        event = {"specversion": "1.0", "id": event_id, "source": "test", "type": topic}
        url = f"/v1.0/publish/{pubsub}/{topic}"
        return (await self.http.post(url, json=event, headers=CLOUDEVENT)).status_code

    async def _subscribed(self) -> bool:
        if not self.process.ready():
            return False
        metadata = (await self.http.get("/v1.0/metadata")).json()
        return len(metadata.get("subscriptions", [])) == len(self.app.subscriptions)


@dataclass
class Runtime:
    """Everything one test starts; leaving the context ends all of it."""

    folder: Path
    commands: Commands
    ports: dict[str, int] = field(
        default_factory=lambda: random_ports(components.read_ports(FOLDER))
    )
    _stack: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    async def __aenter__(self) -> "Runtime":
        """Render the files; start the broker and the two external systems."""
        components.render(FOLDER, self.folder / "components", self.ports, self.folder)
        broker = ("--bind", "127.0.0.1", "--port", str(self.ports["valkey"]), "--save", "")
        program = Program("valkey", (*self.commands.valkey, *broker), self.ports["valkey"], None)
        process = self._process(program)
        process.start()
        await wait_until(process.ready, what="Valkey")
        self.valkey = Valkey(port=self.ports["valkey"], decode_responses=True)
        self._stack.push_async_callback(self.valkey.aclose)
        self.gateway = await self._listen(self.ports["payment-gateway"])
        self.identity = await self._listen(self.ports["identity-provider"])
        return self

    async def __aexit__(self, *_error: object) -> None:
        """End every process and close every port."""
        await self._stack.aclose()

    def change(self, file: str, old: str, new: str) -> None:
        """Replace one value in this run's copy of a file, before a sidecar reads it."""
        path = self.folder / "components" / file
        text = path.read_text()
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new))

    async def app(self) -> RecordingApp:
        """Start an app without a sidecar; tell it first what it `hears`, then `sidecar`."""
        return await self._listen(random_ports({"app": 0})["app"])

    async def sidecar(self, app_id: str, app: RecordingApp | None = None) -> Sidecar:
        """Start a sidecar for this app, by default one that hears nothing."""
        app = app or await self.app()
        ports = random_ports(dict.fromkeys(PORT_FLAGS, 0))
        flags = [text for flag, port in ports.items() for text in (flag, str(port))]
        flags += [text for flag in LOOPBACK_FLAGS for text in (flag, "127.0.0.1")]
        resources = self.folder / "components"
        flags += ["--resources-path", str(resources)]
        flags += ["--config", str(resources / "configuration.yaml")]
        flags += ["--app-id", app_id, "--app-port", str(app.port)]
        api = ports["--dapr-http-port"]
        command = (*self.commands.daprd, *flags)
        env = {"DAPR_HOST_IP": "127.0.0.1"}
        process = self._process(Program(app_id, command, api, "/v1.0/healthz", env=env))
        http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{api}", timeout=20)
        await self._stack.enter_async_context(http)
        sidecar = Sidecar(app, process, http, f"http://127.0.0.1:{ports['--metrics-port']}/metrics")
        await sidecar.start()
        return sidecar

    def _process(self, program: Program) -> Process:
        process = Process(program, self.folder, self.folder / f"{program.name}.log")
        self._stack.callback(process.kill)
        return process

    async def _listen(self, port: int) -> RecordingApp:
        app = RecordingApp(port)
        await app.start()
        self._stack.push_async_callback(app.stop)
        return app
