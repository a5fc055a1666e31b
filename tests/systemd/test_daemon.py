"""The daemon itself under the shipped unit."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.conftest import free_port
from tests.systemd.machine import REPO, Machine, wait_for

CONFIG = """
[site]
id = "systemd"
[airspace]
zones = ["{zones}"]
[mqtt]
url = "mqtt://127.0.0.1:{broker}"
[metrics]
listen = "127.0.0.1:{metrics}"
[state]
directory = "/var/lib/incursiond/daemon"
"""


def test_it_starts_reloads_and_stops(machine: Machine) -> None:
    machine.install(Path(sys.prefix) / "bin" / "incursiond")
    zones = REPO / "config" / "zones" / "poland.geojson"
    good = CONFIG.format(zones=zones, broker=free_port(), metrics=free_port())
    unit = machine.configure("daemon", good)
    machine.run("systemctl", "start", unit)
    assert machine.show(unit, "ActiveState") == "active"
    first = machine.show(unit, "MainPID")

    machine.configure("daemon", good.replace("[site]", "[site]\nnmae = 1"))
    machine.run("systemctl", "reload", unit)
    wait_for(lambda: "the old configuration stays in force" in machine.journal(unit))
    machine.configure("daemon", good)
    machine.run("systemctl", "reload", unit)
    wait_for(lambda: "reload: done" in machine.journal(unit))
    assert (machine.show(unit, "ActiveState"), machine.show(unit, "MainPID")) == ("active", first)

    machine.run("systemctl", "stop", unit)
    assert (machine.show(unit, "ActiveState"), machine.show(unit, "Result")) == ("inactive", "success")
