import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.systemd.machine import REPO, UNIT, Machine, wait_for

SHIPPED = REPO / "systemd" / UNIT.format("")
STAND_IN = Path(__file__).with_name("stand_in.py")

needs_analyze = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


@needs_analyze
def test_systemd_finds_nothing_wrong_in_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.format("")
    unit.write_text(SHIPPED.read_text().replace("/opt/incursiond/bin/incursiond", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], check=False, text=True, capture_output=True)
    assert "incursiond" not in done.stderr  # the machine's other units may have faults


@needs_analyze
def test_exposure_is_low() -> None:
    command = ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(SHIPPED)]
    done = subprocess.run(command, check=False, text=True, capture_output=True)
    found = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found[1]) < 2.0


@pytest.fixture(scope="module")
def installed(machine: Machine) -> Machine:
    machine.write("/opt/stand_in", STAND_IN.read_text().replace("/usr/bin/env python3", sys.executable, 1), 0o755)
    machine.install(Path("/opt/stand_in"))
    return machine


def test_life(installed: Machine) -> None:
    unit = installed.configure("good", "good")
    installed.run("systemctl", "start", unit)
    assert installed.show(unit, "ActiveState") == "active"
    assert installed.show(unit, "StatusText") == "running"
    first = installed.show(unit, "MainPID")

    installed.run("systemctl", "reload", unit)
    wait_for(lambda: installed.show(unit, "StatusText") == "reloaded")
    assert installed.show(unit, "ActiveState") == "active"
    assert installed.show(unit, "MainPID") == first

    installed.run("kill", "-KILL", first)
    wait_for(lambda: installed.show(unit, "MainPID") not in {first, "0"})
    wait_for(lambda: installed.show(unit, "ActiveState") == "active")

    installed.run("systemctl", "stop", unit)
    assert installed.show(unit, "ActiveState") == "inactive"
    assert installed.show(unit, "Result") == "success"
    assert "outbox closed" in installed.journal(unit)


def test_sandbox_allows_what_the_daemon_needs_and_no_more(installed: Machine) -> None:
    unit = installed.configure("sandbox", "good")
    installed.run("systemctl", "start", unit)
    installed.run("systemctl", "stop", unit)
    said = dict(word.split("=") for word in re.findall(r"\w+=\w+", installed.journal(unit)))
    assert said.pop("uid") == installed.run("id", "-u", "incursiond") != "0"
    assert said == {
        "etc": "EROFS", "usr": "EROFS", "state": "written", "tmp": "written", "netlink": "EAFNOSUPPORT"
    }  # fmt: skip


def test_a_stalled_detector_is_restarted(installed: Machine) -> None:
    installed.override("stalled", "[Service]\nWatchdogSec=2\n")
    unit = installed.configure("stalled", "stalls")
    installed.run("systemctl", "start", unit)
    wait_for(lambda: installed.show(unit, "NRestarts") != "0")
    assert "Watchdog timeout" in installed.journal(unit)
    installed.run("systemctl", "stop", unit)


def test_a_broken_configuration_is_named_and_tried_again_until_it_is_mended(installed: Machine) -> None:
    unit = installed.configure("broken", "broken")
    installed.run("systemctl", "start", unit, check=False)
    assert installed.show(unit, "ActiveState") != "active"
    assert "/etc/incursiond/broken.toml: site.id: expected a name" in installed.journal(unit)
    installed.configure("broken", "good")
    wait_for(lambda: installed.show(unit, "ActiveState") == "active")
    installed.run("systemctl", "stop", unit)
