"""Rewrites the golden stories; look at the difference before committing it."""

from __future__ import annotations

from pathlib import Path

from detector import assembly
from detector.commands.replay import replay
from detector.commands.summary import Summary
from detector.delivery.messages import ndjson
from tests.stories import baltic, donald_cook, fr4978, hatay, kybartai, petrobaltic, story, vaindloo

REPO = Path(__file__).parents[2]
GOLDEN = {"su24": REPO / "config" / "demo"}


STORIES = {
    each.STORY.name: each.STORY for each in (baltic, donald_cook, fr4978, hatay, kybartai, petrobaltic, vaindloo)
}


def path(name: str) -> Path:
    return Path(__file__).with_name(f"{name}.ndjson")


def tell(name: str) -> bytes:
    """Return the messages of a story as the replay command prints them; of one flown here, with the first seed."""
    if name in STORIES:
        return story.tell(STORIES[name], 0)
    folder = GOLDEN[name]
    settings, airspace = assembly.load(folder / "incursiond.toml")
    lines: list[bytes] = []

    def emit(messages) -> None:
        lines.extend(map(ndjson, messages))

    recording = [folder / f"{name}.csv.gz"]
    replay(assembly.pipeline_of(settings, airspace), recording, emit, Summary(), None, lambda _share: None)
    return b"".join(lines)


if __name__ == "__main__":
    for each in (*GOLDEN, *STORIES):
        path(each).write_bytes(tell(each))
        print(path(each))
