"""Real recordings that tests use but the project does not ship: other people's data, kept outside the repository.

The folder is $INCURSIOND_SHARED, or `shared` beside the repository.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("INCURSIOND_SHARED", REPO.parent / "shared"))


def shared_file(name: str) -> Path:
    """Return a file or folder of the shared folder; skip the test, naming it, where it is absent."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is absent (INCURSIOND_SHARED names the folder of shared data)", allow_module_level=True)
    return path


def data_file(name: str) -> Path:
    """Return one of the recordings and reference tables of `shared/data`, or skip the test."""
    return shared_file(f"data/{name}")
