import pytest

from detector.airspace.zones import Identity
from detector.tracks.identity import Classifier, Rule

CLASSIFIER = Classifier(
    [
        Rule(Identity.FRIEND, addresses=((0x48D800, 0x48DFFF),)),
        Rule(Identity.SUSPECT, states=("RU", "BY")),
        Rule(Identity.NEUTRAL, callsigns=("?*",), squawks_not=("7500", "7600", "7700")),
        Rule(Identity.ASSUMED_FRIEND, squawks=("4400",)),
    ]
)

CASES = [  # address, callsign, squawk, who
    ("48d800", None, None, Identity.FRIEND),
    ("48dfff", "LOT1", None, Identity.FRIEND),
    ("48e000", None, None, Identity.UNKNOWN),
    ("150001", "AFL1", None, Identity.SUSPECT),
    ("400000", "BAW1", None, Identity.NEUTRAL),
    ("400000", "BAW1", "7700", Identity.UNKNOWN),
    (None, "BAW1", "1000", Identity.NEUTRAL),
    (None, None, "4400", Identity.ASSUMED_FRIEND),
    ("~phlab", None, None, Identity.UNKNOWN),
    (None, None, None, Identity.UNKNOWN),
]


@pytest.mark.parametrize(("icao24", "callsign", "squawk", "who"), CASES)
def test_the_first_rule_that_matches_wins(icao24, callsign, squawk, who):
    assert CLASSIFIER.identify(icao24, callsign, squawk) is who


def test_every_condition_of_a_rule_must_hold():
    both = Rule(Identity.FRIEND, addresses=((1, 2),), callsigns=("PLF*",))
    assert both.matches("000001", "PLF7", None)
    assert not both.matches("000001", "LOT7", None)
    assert not both.matches("000003", "PLF7", None)


@pytest.mark.parametrize(
    ("icao24", "squawk", "awaits"),
    [
        ("400000", None, True),
        ("400000", "7700", False),  # no callsign makes it neutral
        ("150001", None, False),  # the state of registry comes first
        ("48d800", None, False),
        (None, None, False),  # a radar tells none
    ],
)
def test_who_could_be_somebody_else_by_its_callsign(icao24, squawk, awaits):
    assert CLASSIFIER.awaits_callsign(icao24, squawk) is awaits
