"""Two stacks on one machine are two worlds: the sidecars of one never find those of the other."""

from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.tools.stand_ins import SERVER, write_run_file
from tools import ports
from tools.launch import find_commands
from tools.stack import Stack
from tools.topology import Commands, Topology, default_ports

pytestmark = pytest.mark.real
CALLER = ("valkey", "scheduler", "order-svc", "order-svc.daprd")
CALLEE = ("cafe-svc", "cafe-svc.daprd")


def stack_of(folder: Path, *only: str) -> Stack:
    write_run_file(folder)
    real = find_commands()
    commands = Commands(real.daprd, real.scheduler, real.valkey, SERVER, SERVER)
    run_file = folder / "dapr.yaml"
    chosen = ports.random_ports(default_ports(run_file))
    return Stack(Topology(run_file, folder / "run", commands, chosen), only=only)


def invoke_cafe_svc(stack: Stack) -> int:
    """Status of a call of cafe-svc through the sidecar of order-svc."""
    connection = HTTPConnection("127.0.0.1", stack.topology.ports["order-svc.http"], timeout=10)
    connection.request(
        "GET",
        "/menus",
        headers={"dapr-app-id": "cafe-svc", **stack.topology.tokens.headers("order-svc")},
    )
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_sidecar_finds_its_neighbour_and_not_the_one_of_the_other_stack(tmp_path: Path) -> None:
    (tmp_path / "alone").mkdir()
    (tmp_path / "whole").mkdir()
    with (
        stack_of(tmp_path / "alone", *CALLER) as alone,
        stack_of(tmp_path / "whole", *CALLER, *CALLEE) as whole,
    ):
        assert invoke_cafe_svc(whole) == 200
        assert invoke_cafe_svc(alone) == 500
