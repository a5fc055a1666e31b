"""A machine for tests: this host's systemd as PID 1 of private namespaces, to start and stop units in."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
UNIT = "incursiond@{}.service"


@dataclass(frozen=True)
class Machine:
    """A running systemd, by the process id of its PID 1 outside."""

    pid: int

    @property
    def root(self) -> Path:
        return Path(f"/proc/{self.pid}/root")

    def run(self, *command: str, check: bool = True) -> str:
        inside = ["nsenter", "--all", "--target", str(self.pid), *command]
        done = subprocess.run(inside, check=False, text=True, capture_output=True, timeout=60)
        assert done.returncode == 0 or not check, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def show(self, unit: str, what: str) -> str:
        return self.run("systemctl", "show", "--value", "--property", what, unit)

    def journal(self, unit: str) -> str:
        self.run("journalctl", "--sync")
        return self.run("journalctl", "--no-pager", "--output=cat", "--unit", unit)

    def install(self, program: Path) -> None:
        """Install the shipped unit and user, with a program in place of /opt/incursiond/bin/incursiond."""
        self.write("/opt/incursiond/bin/incursiond", f'#!/bin/sh\nexec "{program}" "$@"\n', 0o755)
        self.write("/etc/systemd/system/" + UNIT.format(""), (REPO / "systemd" / UNIT.format("")).read_text())
        self.write("/etc/sysusers.d/incursiond.conf", (REPO / "systemd/incursiond.sysusers").read_text())
        self.run("systemd-sysusers")
        # The program runs from a checkout; one below /home or /tmp would be hidden by the sandbox.
        show = " ".join(map(str, directories()))
        self.override("", f"[Service]\nProtectHome=tmpfs\nBindReadOnlyPaths={show}\n")

    def override(self, instance: str, text: str) -> None:
        name = instance or "every"  # of two drop-ins of one name only one counts
        self.write(f"/etc/systemd/system/{UNIT.format(instance)}.d/{name}.conf", text)
        self.run("systemctl", "daemon-reload")

    def configure(self, instance: str, text: str) -> str:
        """Write /etc/incursiond/INSTANCE.toml as a careful administrator would; return the unit's name."""
        path = f"/etc/incursiond/{instance}.toml"
        self.write(path, text, 0o640)
        self.run("chgrp", "incursiond", path)
        return UNIT.format(instance)


def directories() -> list[Path]:
    """Where the checkout, its environment and that one's interpreter lie, but for the system's own directories."""
    found = {REPO, Path(sys.prefix), Path(sys.base_prefix)}
    return sorted(d for d in found if not d.is_relative_to("/usr"))


def wait_for(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait until a condition holds; the assertion fails with it after the time."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    assert condition()
