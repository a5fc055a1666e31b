"""The fixture that boots the machine of the systemd tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.systemd.machine import Machine, directories, wait_for

BOOT = Path(__file__).with_name("run_under_systemd.sh")


def _child(pid: int) -> int | None:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else None


def _running(machine: Machine) -> bool:
    return machine.run("systemctl", "is-system-running", check=False) in {"running", "degraded"}


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Boot the machine, or skip with the reason why it cannot be."""
    if os.geteuid() != 0 or not Path("/lib/systemd/systemd").exists() or not shutil.which("nsenter"):
        pytest.skip("a private systemd needs root, /lib/systemd/systemd and nsenter")
    log = tmp_path_factory.mktemp("systemd") / "boot.log"
    with log.open("w") as out:
        boot = subprocess.Popen([BOOT, *map(str, directories())], stdout=out, stderr=out)
    try:
        yield _booted(boot, log)
    finally:
        boot.kill()  # its child, PID 1 of the namespace, dies with it and takes every process inside along
        boot.wait()
        _remove_cgroups(boot.pid)


def _booted(boot: subprocess.Popen[bytes], log: Path) -> Machine:
    for _ in range(200):
        if boot.poll() is not None:
            break
        if (pid := _child(boot.pid)) and _running(machine := Machine(pid)):
            return machine
        time.sleep(0.05)
    pytest.skip(f"a private systemd cannot run here: {log.read_text().strip() or 'it did not come up in 10 s'}")


def _remove_cgroups(pid: int) -> None:
    mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    tops = [Path(fields[1], f"incursiond-test-{pid}") for fields in mounts if fields[2] == "cgroup2"]
    for top in filter(Path.exists, tops):
        groups = sorted((d for d in top.rglob("*") if d.is_dir()), reverse=True)
        for group in [*groups, top]:
            wait_for(lambda group=group: not (group / "cgroup.procs").read_text())  # type: ignore[misc]
            group.rmdir()
