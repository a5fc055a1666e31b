"""From a table [[feeds]] to a running feed."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from feeds import registry

ROWS = "time,track_id,source,lat,lon\n1000,a,enroute-radar,52,21\n1000,b,,52,21\n"


@pytest.mark.parametrize(
    ("source", "expected"), [("mast-3", ["enroute-radar", "mast-3"]), ("coast", ["enroute-radar", "coast"])]
)
def test_every_report_has_a_source(
    source: str | None,
    expected: list[str],
    tmp_path: Path,
    sink,
    settings: Callable[..., SimpleNamespace],
) -> None:
    (tmp_path / "t.csv").write_text(ROWS)
    feed = registry.start(settings(type="replay", path=tmp_path / "t.csv", source=source), sink)
    assert sink.wait_state("down") == "recording ended"
    feed.stop()
    assert sink.all().source.tolist() == expected


def test_an_sbs_feed(sink, settings: Callable[..., SimpleNamespace]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        feed = registry.start(settings(type="sbs", address=address), sink)
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"MSG,3,1,1,48D80A,1,,,,,,10000,,,52.25,21.0,,,,,,0\r\n")
            sink.wait(lambda: len(sink.all()) == 1)
        feed.stop()
    assert (sink.all().icao24[0], sink.all().source[0]) == ("48d80a", "mast-3")
