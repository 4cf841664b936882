"""The pictures in docs/screenshots are all shown, and small enough for a repository."""

from tests.browser.screenshots import FOLDER, gallery

MOST_BYTES = 1_500_000


def test_the_gallery_shows_every_picture_and_they_are_small() -> None:
    pictures = sorted(FOLDER.glob("*.png"))

    assert len(pictures) > 15
    assert (FOLDER / "README.md").read_text("utf-8") == gallery([each.stem for each in pictures])
    assert sum(each.stat().st_size for each in pictures) < MOST_BYTES
