"""What cafe-svc hears, and which of it undoes a step of its own."""

from cafe_svc.saga import REACTIONS


def test_every_event_heard_has_one_reaction_and_says_what_it_undoes() -> None:
    found = {reaction.hears.__name__: reaction.undoes for reaction in REACTIONS}

    assert len(found) == len(REACTIONS)
    assert found == {"Paid": "", "OrderCancelRequested": "Paid"}
