"""mypage-svc's settings."""

from pydantic import Field

from cafe_kit import settings


class Settings(settings.Settings):
    """`generation` names the documents that are read and written; a rebuild fills another one.

    `projection_batch`: the most events one write takes in. `catch_up_quiet_s`: not ready until no
    event of the past has come for so long; 0 where the documents are there already.
    `stuck_after_s`: an order that is not at rest and has been quiet for longer is shown as stuck;
    longer than drinks may wait at the counter.
    """

    generation: str = Field(default="1", pattern="^[a-z0-9]{1,20}$")
    projection_batch: int = Field(default=100, gt=0, le=1_000)
    catch_up_quiet_s: float = Field(default=0, ge=0)
    stuck_after_s: float = Field(default=2_400, gt=0)
