"""What counts as a small change, on a table small enough to see all of them."""

from tests.tools.mutants import mutants

TABLE = """
'''A table.'''
_SEEN = Ignore("seen")
_NEVER = Impossible("never")
ROWS: Mapping[Status, Row] = {
    (Status.OPEN, Push): Move(Status.SHUT, Says.SHUT, then=_SEEN),
    (Status.SHUT, Push): _NEVER,
}
"""
FUNCTION = """
def total(a: int, b: int) -> int:
    '''Add them up.'''
    if a == b and a < 1:
        raise ValueError(a)
    return a + b
"""


def changes(source: str) -> set[tuple[str, str]]:
    found = [(mutant.was, mutant.now.splitlines()[0]) for mutant in mutants(source)]
    assert len(set(found)) == len(found)
    return set(found)


def test_every_row_and_every_word_of_a_row_is_changed_but_no_key() -> None:
    assert changes(TABLE) == {
        ("'seen'", "'seenXX'"),
        ("'never'", "'neverXX'"),
        ("Move(Status.SHUT, Says.SHUT, then=_SEEN)", "nothing"),
        ("Status.SHUT", "Status.OPEN"),
        ("Status.SHUT", "nothing"),
        ("Says.SHUT", "nothing"),
        ("then=_SEEN", "nothing"),
        ("_SEEN", "_NEVER"),
        ("_NEVER", "_SEEN"),
        ("_NEVER", "nothing"),
    }


def test_every_question_and_every_answer_of_a_function_is_changed() -> None:
    assert changes(FUNCTION) == {
        ("a == b and a < 1", "not (a == b and a < 1)"),
        ("a == b and a < 1", "a == b or a < 1"),
        ("a == b", "a != b"),
        ("a < 1", "a <= 1"),
        ("1", "2"),
        ("raise ValueError(a)", "pass"),
        ("return a + b", "return None"),
        ("a + b", "a - b"),
    }


def test_each_mutant_can_be_compiled() -> None:
    for mutant in (*mutants(TABLE), *mutants(FUNCTION)):
        compile(mutant.tree, "mutant", "exec")
