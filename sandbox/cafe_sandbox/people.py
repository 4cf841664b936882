"""Who can sign in here: anybody. Five are offered by name."""

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Text = Annotated[str, Field(min_length=1, max_length=128)]
Role = Literal["customer", "barista", "rider", "operator"]
ROLES: Final[tuple[Role, ...]] = ("customer", "barista", "rider", "operator")


class Person(BaseModel):
    """The claims that tell who somebody is; a barista works in one cafe."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    sub: Text
    roles: Annotated[list[Role], Field(min_length=1, max_length=4)]
    cafe_id: Text | None = None

    @model_validator(mode="after")
    def _barista_has_a_cafe(self) -> Self:
        if "barista" in self.roles and self.cafe_id is None:
            raise ValueError("a barista needs a cafe_id")
        return self


OFFERED: Final = (
    Person(sub="ana", roles=["customer"]),
    Person(sub="ben", roles=["barista"], cafe_id="gangnam"),
    Person(sub="hana", roles=["barista"], cafe_id="hongdae"),
    Person(sub="rio", roles=["rider"]),
    Person(sub="olga", roles=["operator"]),
)
