import re
from itertools import pairwise

import pytest

from detector.tracks.states import _BLOCKS, state_of, unallocated


@pytest.mark.parametrize(
    ("first", "last", "state"),
    [  # a transcription of its own, not of the module: both ends of a block belong to it, their outer neighbours do not
        ("100000", "1fffff", "RU"),
        ("300000", "33ffff", "IT"),
        ("380000", "3bffff", "FR"),
        ("3c0000", "3fffff", "DE"),
        ("400000", "43ffff", "GB"),
        ("460000", "467fff", "FI"),
        ("488000", "48ffff", "PL"),
        ("498000", "49ffff", "CZ"),
        ("4b0000", "4b7fff", "CH"),
        ("4d2000", "4d27ff", "MT"),
        ("502800", "502fff", "LV"),
        ("503800", "503fff", "LT"),
        ("505800", "505fff", "SK"),
        ("508000", "50ffff", "UA"),
        ("510000", "5107ff", "BY"),
        ("511000", "5117ff", "EE"),
        ("780000", "7bffff", "CN"),
        ("a00000", "afffff", "US"),
        ("e94000", "e94fff", "BO"),
    ],
)
def test_block(first: str, last: str, state: str) -> None:
    assert state_of(first) == state_of(last) == state
    assert state_of(f"{int(first, 16) - 1:06x}") != state
    assert state_of(f"{int(last, 16) + 1:06x}") != state


@pytest.mark.parametrize(
    ("icao24", "state"),
    [  # aircraft as registered, not blocks
        ("484506", "NL"),  # PH-LAB, the flight-test aircraft of NLR and TU Delft
        ("48d8e1", "PL"),  # in the range of the Polish armed forces
        ("4d2401", "MT"),  # 9H-WAC, in the half that Malta's block gained
        ("682455", "MN"),  # JU-1109, likewise
        ("503fda", "LT"),  # Lithuanian Air Force "41 BLUE"
        ("A835AF", "US"),  # N628TS; upper case is read too
    ],
)
def test_aircraft(icao24: str, state: str) -> None:
    assert state_of(icao24) == state


@pytest.mark.parametrize(
    "icao24", [None, "", "~phlab08", "~2a00f1", "10000", "1000000", "0x1000", "1_0000", " 10000", "000000", "003fff",
               "2fffff", "4d2800", "503000", "b00000", "f00001", "ffffff"]
)  # fmt: skip
def test_no_state(icao24: str | None) -> None:
    assert state_of(icao24) is None


@pytest.mark.parametrize(
    ("icao24", "expected"),
    [
        ("000000", True),
        ("ffffff", True),
        ("f00001", True),
        ("4d2800", True),  # beyond Malta's block
        ("4d24aa", False),
        ("48d8a0", False),
        ("DDFD15", False),  # FLARM
        ("~2a00f1", False),
        ("radar7", False),
        (None, False),
    ],
)
def test_addresses_that_no_state_has(icao24: str | None, expected: bool) -> None:
    assert unallocated(icao24) is expected


def test_blocks_are_sorted_apart_and_aligned() -> None:
    assert all(a_end < b_start for (_, a_end, _), (b_start, _, _) in pairwise(_BLOCKS))
    for start, end, _ in _BLOCKS:
        size = end - start + 1
        assert size in {1 << 11, 1 << 12, 1 << 13, 1 << 15, 1 << 18, 1 << 20}
        assert start % size == 0  # an allocation is a bit prefix


def test_each_state_has_one_block_and_the_table_is_whole() -> None:
    states = [state for _, _, state in _BLOCKS]
    assert len(set(states)) == len(states) == 194  # 193 of the table, and 899000
    assert all(re.fullmatch("[A-Z]{2}", state) for state in states)
