"""What a daemon says of itself, and when."""

import pytest

from detector.delivery.twins import Twin
from detector.service.status import HEARTBEAT_S, Status, status_of


def test_status_is_said_when_it_changes_and_as_a_heartbeat():
    said = []
    status = Status(lambda **facts: said.append(facts))
    times = ((0.0, "online"), (1.0, "online"), (2.0, "degraded"), (3.0, "online"), (3.0 + HEARTBEAT_S, "online"))
    for now_s, state in times:
        status.look({"state": state}, now_s)
    assert [facts["state"] for facts in said] == ["online", "degraded", "online", "online"]
    assert {facts["again_s"] for facts in said} == {HEARTBEAT_S}


@pytest.mark.parametrize(
    ("troubles", "twins", "expected"),
    [
        ([], None, {"state": "online", "reason": ""}),
        (["a", "b"], None, {"state": "degraded", "reason": "a; b"}),
        ([], {}, {"state": "online", "instance_state": "online"}),
        ([], {"b": "online"}, {"state": "online", "instance_state": "online"}),
        ([], {"b": "offline"}, {"state": "degraded", "instance_state": "online", "reason": "daemon b is offline"}),
        (["a"], {"b": "online"}, {"state": "degraded", "instance_state": "degraded", "reason": "a"}),
    ],
)
def test_troubles_of_others_degrade_the_site_not_the_one_that_speaks(troubles, twins, expected):
    others = None if twins is None else {name: Twin(state, 0.0, 0.0) for name, state in twins.items()}
    status = status_of({"2", "1"}, troubles, others)
    assert expected.items() <= status.items()
    assert (status["incidents"], status["incidents_open"]) == (["1", "2"], 2)
    assert ("twins" in status) == ("instance_state" in status) == (twins is not None)
