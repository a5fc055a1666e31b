import itertools

import pytest

from detector.incidents.lifecycle import RANK, TRANSITIONS, IllegalTransitionError, Phase, Standing, advance
from detector.incidents.severity import URGENCY


def test_every_phase_is_in_the_table_and_can_be_reached():
    assert set(TRANSITIONS) == set(Phase) == set(RANK)
    reached, edge = {Phase.NEW}, [Phase.NEW]
    while edge:
        following = set(TRANSITIONS[edge.pop()].values()) - reached
        reached |= following
        edge += following
    assert reached == set(Phase)


@pytest.mark.parametrize(("phase", "standing"), list(itertools.product(Phase, Standing)))
def test_what_the_table_lacks_is_illegal(phase, standing):
    if standing in TRANSITIONS[phase]:
        assert advance(phase, standing) is TRANSITIONS[phase][standing]
    else:
        with pytest.raises(IllegalTransitionError, match=phase):
            advance(phase, standing)


def test_every_told_phase_has_an_urgency():
    assert set(URGENCY) == set(Phase) - {Phase.NEW}
