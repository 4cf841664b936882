"""The Dockerfiles and the context agree with each other and with the tags; hadolint agrees too."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.images import IMAGES, ROOT, default_base


def copied(dockerfile: str) -> Iterator[str]:
    """Give what a Dockerfile takes from the repository, the SERVICE of order-svc put in."""
    for line in re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", (ROOT / dockerfile).read_text()):
        yield from line.replace("${SERVICE}", "order-svc").split()


def test_the_context_is_what_the_tags_are_made_of() -> None:
    ignored = (ROOT / ".dockerignore").read_text()

    allowed = set(re.findall(r"(?m)^!(.+)$", ignored))
    inputs = {path for image in IMAGES for path in image.inputs} | {"requirements.lock"}

    assert "\n*\n" in ignored, "everything else is left out"
    assert allowed == inputs


@pytest.mark.parametrize("name", ["order-svc", "edge"])
def test_a_dockerfile_copies_nothing_but_what_its_tag_is_made_of(name: str) -> None:
    image = next(image for image in IMAGES if image.name == name)
    inputs = (*image.inputs, "requirements.lock")

    taken = set(copied(image.dockerfile))

    assert taken
    for path in taken:
        assert any(f"{each}/".startswith(f"{path}/") for each in inputs)


def test_every_service_of_the_dockerfile_is_built_and_runs_its_own_program() -> None:
    text = (ROOT / "images/service.Dockerfile").read_text()

    stages = dict(re.findall(r'(?m)^FROM runtime AS (\S+)\nCMD \["-[mc]", "(\S+)', text))

    members = {image.name for image in IMAGES if image.name != "edge"}
    assert stages.keys() == members
    for name in members - {"sandbox"}:
        assert stages[name].startswith(f"{name.replace('-', '_')}.main")


def dependencies(member: str) -> set[str]:
    return set(
        tomllib.loads((ROOT / member / "pyproject.toml").read_text())["project"]["dependencies"]
    )


def test_what_the_images_share_is_all_that_their_programs_need() -> None:
    services = [image.name for image in IMAGES if image.name.endswith("-svc")]

    assert len(services) == 4
    for service in services:
        assert dependencies(service) == {"cafe-kit"}
    assert dependencies("sandbox") < dependencies("kit")


def test_both_dockerfiles_stand_on_the_same_base() -> None:
    assert re.fullmatch(r"docker\.io/library/python:3\.\d+\.\d+-\w+-\w+", default_base())
    for image in IMAGES:
        assert f"ARG BASE_IMAGE={default_base()}\n" in (ROOT / image.dockerfile).read_text()


@pytest.mark.parametrize("name", ["service", "edge"])
def test_hadolint_finds_nothing(name: str) -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    command = (str(hadolint), "--config", ".hadolint.yaml", f"images/{name}.Dockerfile")

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout + done.stderr) == (0, "")
