"""Recorded tracks through the same pipeline, with the records' own clock."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import msgspec
import numpy as np

from detector.assembly import load, pipeline_of
from detector.commands.geofence import PlainGeofence
from detector.commands.progress import Progress
from detector.commands.summary import Summary
from detector.delivery.messages import ndjson
from detector.delivery.publisher import Delivery
from detector.delivery.topics import Topics
from detector.errors import IncursiondError, InputError, reason_of
from detector.incidents.message import IncidentMessage
from detector.metrics import Metrics
from detector.pipeline import Pipeline
from detector.settings import Settings
from feeds import tracksfile
from feeds.plots import Plots, concatenate
from feeds.tracksfile import Chunk

DRAIN_S = 30.0
LONGEST_SLEEP_S = 3600.0  # at a time: the system takes no number of seconds beyond some three hundred years

Emit = Callable[[list[IncidentMessage]], None]
Show = Callable[[float], None]


def command(config: Path, tracks: Sequence[Path], output: Path | None, speed: float | None, *, publish: bool) -> int:
    """Replay recordings as the command line asks; return the exit code."""
    settings, airspace = load(config)
    summary = Summary()
    with ExitStack() as stack:
        out = stack.enter_context(_open(output)) if output else sys.stdout.buffer
        delivery = _delivery(settings) if publish else None
        if delivery:
            stack.callback(delivery.stop)
            if settings.site.status == "actual":
                print('warning: rooms take what is replayed for real: site.status is "actual"', file=sys.stderr)

        def emit(messages: list[IncidentMessage]) -> None:
            out.writelines(map(ndjson, messages))
            out.flush()
            if delivery:
                delivery.submit(messages, time.time())

        progress = Progress(sys.stderr)
        try:
            replay(pipeline_of(settings, airspace), tracks, emit, summary, speed, progress.show)
        finally:
            progress.clear()
            if summary.results or not sys.exc_info()[0]:  # no table of zeros above what was wrong from the start
                print(summary.table(), file=sys.stderr)
        if delivery and not delivery.drain(DRAIN_S):
            raise IncursiondError(
                f"{settings.mqtt.url}: the broker has not confirmed every message within {DRAIN_S:g} s"
            )
    return 0


def _open(output: Path) -> IO[bytes]:
    try:
        return output.open("wb")
    except OSError as error:
        raise InputError([f"{output}: {reason_of(error)}, expected a file to write"]) from None


def _delivery(settings: Settings) -> Delivery:
    beside = msgspec.structs.replace(settings.mqtt, client_id=f"{settings.mqtt.client_id}-replay")
    topics = Topics(settings.mqtt.topic_prefix, settings.site.id, station="replay")
    delivery = Delivery(beside, topics, Metrics())
    delivery.start()
    return delivery


def replay(
    pipeline: Pipeline, tracks: Sequence[Path], emit: Emit, summary: Summary, speed: float | None, show: Show
) -> None:
    """Run recordings through a pipeline; `emit` gets the messages, `show` the share of the bytes read so far.

    As fast as it can, or `speed` times as fast as the records' clock. Raises InputError for what cannot be read, after
    the rows before it have been used.
    """
    geofence = PlainGeofence(pipeline.airspace)
    wait = _pace(speed) if speed else None
    for chunk in _chunks(tracks):
        summary.rejected += chunk.rejected
        for plots in _by_second(chunk.plots) if wait else [chunk.plots]:
            if not len(plots):
                continue
            if wait:
                wait(float(plots.time_s[0]))
            step = pipeline.step(plots, float(plots.time_s[-1]))
            geofence.take(plots)
            summary.take(plots, step, geofence.messages)
            emit(step.messages)
        show(chunk.done_bytes / max(chunk.total_bytes, 1))


def _chunks(tracks: Sequence[Path]) -> Iterator[Chunk]:
    """Yield the rows of one recording as it is read; several, of different sensors perhaps, are merged by time."""
    if len(tracks) == 1:
        yield from tracksfile.in_order(tracksfile.read(tracks[0]))
        return
    chunks, damage = list[Chunk](), list[InputError]()
    for path in tracks:
        try:
            chunks.extend(tracksfile.in_order(tracksfile.read(path)))
        except InputError as error:
            damage.append(error)
    if chunks:
        plots = concatenate([chunk.plots for chunk in chunks])
        rejected = sum((chunk.rejected for chunk in chunks), Counter[str]())
        yield Chunk(plots.take(np.argsort(plots.time_s, kind="stable")), rejected, 1, 1)
    if damage:
        raise InputError([problem for error in damage for problem in error.problems])


def _by_second(plots: Plots) -> Iterator[Plots]:
    """Yield plots in time order second by second."""
    cuts = np.flatnonzero(np.diff(np.floor(plots.time_s))) + 1
    for piece in np.split(np.arange(len(plots)), cuts):
        yield plots.take(piece)


def _pace(speed: float) -> Callable[[float], None]:
    """Return a function that waits until the records' clock, `speed` times as fast as ours, has reached a time."""
    start: list[float] = []

    def wait(time_s: float) -> None:
        if not start:
            start.extend((time_s, time.monotonic()))
        due_s = start[1] + (time_s - start[0]) / speed
        while (left_s := due_s - time.monotonic()) > 0:
            time.sleep(min(left_s, LONGEST_SLEEP_S))

    return wait
