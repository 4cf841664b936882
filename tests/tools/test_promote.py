"""Overlays get their digests from what was pushed, or from the overlay before them."""

import json
from pathlib import Path

import pytest

from tools.promote import OVERLAYS, images_of, pinned, promote
from tools.terminal import StackError

NEW, OLD = (f"sha256:{64 * letter}" for letter in "ab")


def kustomization(digest: str, registry: str = "ghcr.io/your-org") -> str:
    return f"""# A comment that stays.
images:
  - name: order-svc
    newName: {registry}/order-svc
    digest: {digest}
  - name: edge
    newName: {registry}/edge
    digest: {OLD}
patches: []
"""


def test_what_was_pushed_takes_the_place_of_what_ran(tmp_path: Path) -> None:
    overlay, report = tmp_path / "kustomization.yaml", tmp_path / "images.json"
    overlay.write_text(kustomization(OLD))
    pushed = {"order-svc": f"ghcr.io/ana/order-svc@{NEW}", "edge": f"ghcr.io/ana/edge@{OLD}"}
    report.write_text(json.dumps({**pushed, "sandbox": f"ghcr.io/ana/sandbox@{NEW}"}))

    changed = promote(overlay, report)

    assert overlay.read_text() == kustomization(NEW, "ghcr.io/ana")
    assert changed == ["order-svc", "edge"]


def test_one_overlay_takes_over_from_another(tmp_path: Path) -> None:
    prod, staging = tmp_path / "prod.yaml", tmp_path / "staging.yaml"
    prod.write_text(kustomization(OLD))
    staging.write_text(kustomization(NEW))

    assert promote(prod, staging) == ["order-svc"]
    assert promote(prod, staging) == []


def test_an_image_without_a_digest_stops_it() -> None:
    with pytest.raises(StackError, match="no digest for edge"):
        pinned(kustomization(OLD), {"order-svc": f"here/order-svc@{NEW}"})


@pytest.mark.parametrize("digest", ["", "sha256:short", f"sha256:{64 * '0'}"])
def test_nothing_but_a_digest_that_was_pushed_is_written(digest: str) -> None:
    images = dict.fromkeys(["order-svc", "edge"], f"here/it@{digest}")

    with pytest.raises(StackError, match="no digest of something that was pushed"):
        pinned(kustomization(OLD), images)


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_the_overlays_of_this_repository_can_be_promoted(name: str) -> None:
    text = (OVERLAYS / name / "kustomization.yaml").read_text()

    after = pinned(text, {image: f"ghcr.io/ana/{image}@{NEW}" for image in images_of(text)})

    assert set(images_of(after).values()) == {
        f"ghcr.io/ana/{name}@{NEW}" for name in images_of(text)
    }
    assert text.count("newName:") == len(images_of(text)) == 5
