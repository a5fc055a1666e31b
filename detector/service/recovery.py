"""Recovery: how a daemon that was killed goes on with all that it knew.

With incidents of which it knows only what was told it goes on as with another daemon's (detector/incidents/stories.py).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from detector.assembly import classifier_of, pipeline_of, reconfigure, sensors_of
from detector.incidents.book import Book
from detector.incidents.message import IncidentMessage, stamp
from detector.incidents.stories import Stories
from detector.picture.airspace import Airspace
from detector.pipeline import Pipeline
from detector.reconfigure import end_switched_off
from detector.settings import Settings
from detector.snapshot import Remembered, UnreadableStateError, drawn_alike, thaw

log = logging.getLogger(__name__)


def recover(
    settings: Settings, airspace: Airspace, blobs: Sequence[bytes], now_s: float
) -> tuple[Pipeline, list[IncidentMessage]]:
    """Return a pipeline that goes on from snapshots, and what there is to say of that."""
    try:
        pipeline, messages = _revived(settings, airspace, blobs)
    except UnreadableStateError as error:
        log.error("the state of an earlier run cannot be read: %s", error)
        pipeline, messages = pipeline_of(settings, airspace), []
    pipeline.resume(now_s)
    pipeline.book.writer.stories = stories = Stories()
    for message in messages:
        stories.hear(message)
    if blobs or messages:
        so_far = stamp(pipeline.time_s) if len(pipeline.tracks) else "nothing"
        count = len(pipeline.book.register), len(pipeline.tracks)
        log.info("recovered %d incidents and %d tracks, of %s", *count, so_far)
    return pipeline, messages


def begin_anew(settings: Settings, core: Pipeline, now_s: float) -> Pipeline:
    """Return a pipeline that goes on without tracks and deadlines: a clock that was ahead has set them."""
    pipeline = pipeline_of(settings, core.airspace)
    pipeline.resume(now_s)
    pipeline.execute = core.execute
    pipeline.book.writer.stories = stories = core.book.writer.stories
    if stories is not None:
        stories.leave(now_s)
    return pipeline


def _revived(settings: Settings, airspace: Airspace, blobs: Sequence[bytes]) -> tuple[Pipeline, list[IncidentMessage]]:
    """Go on from snapshots; where zones have changed meanwhile, as over a reload."""
    alike = drawn_alike(blobs, airspace)
    pipeline = pipeline_of(settings, airspace) if alike else _as_it_was(settings, blobs)
    for blob in blobs:
        thaw(pipeline, blob)
    pipeline.tracks.reclassify(pipeline.classifier)
    if alike:
        return pipeline, end_switched_off(pipeline)
    return pipeline, reconfigure(pipeline, settings, airspace, pipeline.time_s)


def _as_it_was(settings: Settings, blobs: Sequence[bytes]) -> Pipeline:
    return Pipeline(
        book=Book(settings.site.id, settings.site.status),
        airspace=Remembered(blobs[0]),
        classifier=classifier_of(settings),
        sensors=sensors_of(settings),
        rules=settings.rules,
    )
