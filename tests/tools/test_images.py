"""An image is named after what goes into it, and each engine is told the same.

Engines are shell scripts here that answer `version` and note what they are asked to build.
"""

import re
import stat
import subprocess
from pathlib import Path

import pytest

from tools.engines import EPOCH, Build, Engine, find_engine, parse_size
from tools.images import IMAGES, Image, Order, build_all, push_all, version_of
from tools.terminal import StackError

IMAGE = Image("tea", "tea.Dockerfile", ("tea/leaf.py",))
BUILD = Build("tea.Dockerfile", ("BASE_IMAGE=base",), ("here/tea:1", "here/tea:dev"))
DIGEST = "sha256:" + 64 * "a"


def engine(folder: Path, kind: str, *, script: str = "") -> Engine:
    path = folder / kind
    path.write_text(f'#!/bin/sh\necho "$@" >> {folder}/asked\n{script}\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return Engine((str(path),))


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=ana", "-c", "user.email=ana@cafe.example")
    subprocess.run(("git", "-C", str(folder), *who, *arguments), check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with one image in it."""
    for name in ("tea.Dockerfile", ".dockerignore", "requirements.lock", "tea/leaf.py", "notes"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message=first")
    return tmp_path


def test_a_tag_changes_with_what_goes_in_and_with_nothing_else(checkout: Path) -> None:
    before = version_of(IMAGE, "base:1", checkout)

    (checkout / "notes").write_text("other notes")
    git(checkout, "commit", "--quiet", "--all", "--message=notes")
    after_notes = version_of(IMAGE, "base:1", checkout)
    (checkout / "tea/leaf.py").write_text("other leaf")
    git(checkout, "commit", "--quiet", "--all", "--message=leaf")
    after_leaf = version_of(IMAGE, "base:1", checkout)

    assert after_notes == before
    assert after_leaf.tag != before.tag
    assert after_leaf.revision != before.revision


def test_another_base_image_is_another_tag(checkout: Path) -> None:
    assert version_of(IMAGE, "base:1", checkout).tag != version_of(IMAGE, "base:2", checkout).tag


@pytest.mark.parametrize("name", ["tea/leaf.py", "requirements.lock"])
def test_what_is_not_committed_shows_in_the_tag(checkout: Path, name: str) -> None:
    (checkout / name).write_text("not committed")

    assert version_of(IMAGE, "base:1", checkout).tag.endswith("-dirty")
    assert version_of(IMAGE, "base:1", checkout).revision.endswith("-dirty")


def test_outside_of_git_there_is_no_tag(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="what git has of them: fatal: not a git repository"):
        version_of(IMAGE, "base:1", tmp_path)


@pytest.mark.parametrize("kind", ["podman", "buildah"])
def test_podman_and_buildah_fix_all_times(kind: str) -> None:
    command = Engine((f"/usr/bin/{kind}", "--root", "r"), ("--pull",)).build_command(BUILD)

    assert command[:4] == [f"/usr/bin/{kind}", "--root", "r", "build"]
    assert f"--timestamp={EPOCH}" in command
    assert command[-6:] == [
        *("--tag=here/tea:1", "--tag=here/tea:dev", "--build-arg=BASE_IMAGE=base"),
        *("--pull", "--file=tea.Dockerfile", "."),
    ]


def test_docker_is_told_the_time_as_an_argument() -> None:
    command = Engine(("docker",)).build_command(BUILD)

    assert f"--build-arg=SOURCE_DATE_EPOCH={EPOCH}" in command
    assert not any(word.startswith("--timestamp") for word in command)


def test_the_first_engine_that_answers_is_taken(tmp_path: Path) -> None:
    without_daemon = engine(tmp_path, "docker", script="exit 1")
    works = engine(tmp_path, "podman")

    assert find_engine([without_daemon, works]) == works


def test_a_machine_without_an_engine_is_told_what_to_do(tmp_path: Path) -> None:
    absent = Engine((str(tmp_path / "docker"),))

    with pytest.raises(StackError, match=r"tried docker.*install or start one"):
        find_engine([absent])
    with pytest.raises(StackError, match="nerdctl is none of docker, podman, buildah"):
        find_engine([Engine(("nerdctl",))])


def test_a_build_that_fails_ends_it(tmp_path: Path) -> None:
    broken = engine(tmp_path, "podman", script="exit 3")

    with pytest.raises(StackError, match="could not build"):
        build_all(Order(broken, "base", "here"))

    assert len((tmp_path / "asked").read_text().splitlines()) == 1


def sizes(*, base: str = "echo 100000000", edge: int = 52_000_000, other: int = 203_400_000) -> str:
    return f"""case "$*" in
        *inspect*base) {base};; *inspect*/edge:*) echo {edge};; *inspect*) echo {other};;
    esac"""


def test_six_images_are_built_and_what_each_adds_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    podman = engine(tmp_path, "podman", script=sizes())

    build_all(Order(podman, "base", "here", "https://cafe.example/source"))

    said = capsys.readouterr().out
    asked = (tmp_path / "asked").read_text()
    assert "[6/6] here/edge:" in said
    assert len(re.findall(r"here/\S+-svc:\w+(?:-dirty)?  103 MB of its own", said)) == 4
    assert re.search(r"here/edge:\S+  52 MB of its own", said)
    assert asked.count("--tag=here/order-svc:dev ") == 1
    assert "--build-arg=SERVICE=cafe-svc" in asked
    assert "--build-arg=SOURCE=https://cafe.example/source" in asked


def test_an_image_may_add_120_mb_to_its_base(tmp_path: Path) -> None:
    told = sizes(edge=120_000_000, other=220_000_000)

    build_all(Order(engine(tmp_path, "podman", script=told), "base", "here", images=IMAGES[-2:]))

    assert len((tmp_path / "asked").read_text().splitlines()) == 5


@pytest.mark.parametrize(
    ("name", "told"),
    [("edge", sizes(edge=120_000_001)), ("sandbox", sizes(other=220_000_001))],
    ids=["edge", "sandbox"],
)
def test_an_image_that_adds_more_fails(tmp_path: Path, name: str, told: str) -> None:
    order = Order(engine(tmp_path, "podman", script=told), "base", "here", images=IMAGES[-2:])

    with pytest.raises(StackError, match=rf"^more than 120 MB of its own: here/{name}:[\w-]+$"):
        build_all(order)


def test_a_base_that_the_build_did_not_keep_is_pulled_to_be_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = f"test -e {tmp_path}/pulled && echo 100000000"
    pull = f'case "$*" in "pull base") touch {tmp_path}/pulled;; esac\n'
    docker = engine(tmp_path, "docker", script=pull + sizes(base=base))

    build_all(Order(docker, "base", "here", images=IMAGES[-2:]))

    assert "103 MB of its own" in capsys.readouterr().out


def test_a_size_that_nobody_tells_is_an_error(tmp_path: Path) -> None:
    docker = engine(tmp_path, "docker", script=sizes(base="exit 1") + '\ntest "$1" != pull')

    with pytest.raises(StackError, match="docker does not tell how large base is"):
        build_all(Order(docker, "base", "here", images=IMAGES[-2:]))


@pytest.mark.parametrize(
    ("text", "size"), [("313 MB", 313e6), ("1.2 GB", 1.2e9), ("12", 12), ("5.5kB", 5500)]
)
def test_sizes_are_read_as_engines_write_them(text: str, size: float) -> None:
    assert parse_size(text) == pytest.approx(size)


def test_what_is_no_size_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a size: big"):
        parse_size("big")


def test_only_docker_pushes_and_only_onto_a_base_that_a_registry_has(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="buildx"):
        engine(tmp_path, "podman").push(BUILD, tmp_path)
    with pytest.raises(StackError, match="no registry has base"):
        push_all(Order(engine(tmp_path, "docker", script="exit 1"), "base", "here"))


def test_a_push_brings_sbom_and_provenance_and_tells_the_digest(tmp_path: Path) -> None:
    report = f"""for word; do case $word in --metadata-file=*)
        echo '{{"containerimage.digest": "{DIGEST}"}}' > "${{word#*=}}";; esac; done"""
    docker = engine(tmp_path, "docker", script=report)

    digest = docker.push(BUILD, tmp_path)

    asked = (tmp_path / "asked").read_text()
    assert digest == DIGEST
    assert "--sbom=true --provenance=mode=max" in asked
    assert "push=true,rewrite-timestamp=true" in asked
    assert f"SOURCE_DATE_EPOCH={EPOCH}" in asked


def test_what_the_registry_has_is_not_built_again(checkout: Path, tmp_path: Path) -> None:
    docker = engine(tmp_path, "docker", script=f"echo {DIGEST}")

    pushed = push_all(Order(docker, "base", "here", images=(IMAGE,), checkout=checkout))

    assert pushed == {"tea": f"here/tea@{DIGEST}"}
    assert "buildx build" not in (tmp_path / "asked").read_text()


def test_only_what_is_committed_is_pushed(checkout: Path, tmp_path: Path) -> None:
    docker = engine(tmp_path, "docker", script=f"echo {DIGEST}")
    (checkout / "tea/leaf.py").write_text("not committed")

    with pytest.raises(StackError, match="tea has changes that are not committed"):
        push_all(Order(docker, "base", "here", images=(IMAGE,), checkout=checkout))
