"""What recorded traffic does with its positions, with everybody watched over all the Earth."""

import json

import pytest

from detector.assembly import load
from detector.rules.signs import KIND
from detector.rules.tables import Rules
from tests.real.recordings import ALL, incidents, recordings, run

OTHERS_OFF = "".join(
    f"[rules.{rule}]\nenabled = false\n"
    for rule in Rules.__struct_fields__
    if rule != "incursion" and KIND[rule] != "integrity"
)
WRONG_TIMES = "traffic:noisy/noisy_time_issue"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("earth")
    ring = [[lon, -60.0] for lon in (-179.0, -90.0, 0.0, 90.0, 179.0)]
    ring += [[lon, 80.0] for lon, _ in reversed(ring)] + [ring[0]]
    properties = {"id": "earth", "kind": "belt", "watch": ALL}
    feature = {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (folder / "zones.geojson").write_text(json.dumps(feature))
    config = folder / "incursiond.toml"
    config.write_text('[site]\nid = "real"\n[airspace]\nzones = ["zones.geojson"]\n' + OTHERS_OFF)
    return load(config)


def test_one_recording_alone_has_positions_that_stay_on_the_spot(site):
    found = {
        (source, f.rule)
        for source, plots in recordings().items()
        for m in incidents(run(*site, plots))
        for f in m.findings
        if f.kind == "integrity" and f.rule != "jump"
    }
    assert found == {(WRONG_TIMES, "frozen")}
