"""Everything is rendered once a session."""

import pytest

from tools.manifest_render import Rendering, render_all


@pytest.fixture(scope="session")
def renderings() -> dict[str, Rendering]:
    """Every rendering by its name."""
    return render_all(lambda _text: None)
