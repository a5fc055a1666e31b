"""Recovery: how a daemon that was killed goes on with every incident that was open, or closes it aloud."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterable, Sequence

import msgspec
from msgspec.structs import replace

from detector.assembly import classifier_of, pipeline_of, reconfigure, sensors_of
from detector.delivery.letters import Letter
from detector.incidents.book import Book
from detector.incidents.message import IncidentMessage, stamp
from detector.picture.airspace import Airspace
from detector.pipeline import Pipeline
from detector.settings import Settings
from detector.snapshot import Remembered, UnreadableStateError, drawn_alike, thaw

log = logging.getLogger(__name__)


def recover(
    settings: Settings, airspace: Airspace, blobs: Sequence[bytes], letters: Iterable[Letter], now_s: float
) -> tuple[Pipeline, list[IncidentMessage]]:
    """Return a pipeline that goes on from snapshots, and what there is to say of that.

    `letters` are the last ones of the incidents that are open as far as rooms know. Those that the pipeline knows
    nothing of (its state cannot be read, or was never written) are closed.
    """
    try:
        pipeline, messages = _revived(settings, airspace, blobs)
    except UnreadableStateError as error:
        log.error("the state of an earlier run cannot be read: %s; its incidents are closed as lost", error)
        pipeline, messages = pipeline_of(settings, airspace), []
    pipeline.resume(now_s)
    said = {message.incident_id for message in messages}
    known = said | {incident.incident_id for incident in pipeline.book.register.incidents()}
    messages += _closed(letters, known, now_s)
    if blobs or messages:
        so_far = stamp(pipeline.time_s) if len(pipeline.tracks) else "nothing"
        count = len(pipeline.book.register), len(pipeline.tracks)
        log.info("recovered %d incidents and %d tracks, of %s", *count, so_far)
    return pipeline, messages


def _revived(settings: Settings, airspace: Airspace, blobs: Sequence[bytes]) -> tuple[Pipeline, list[IncidentMessage]]:
    """Go on from snapshots; where zones have changed meanwhile, as over a reload."""
    alike = drawn_alike(blobs, airspace)
    pipeline = pipeline_of(settings, airspace) if alike else _as_it_was(settings, blobs)
    for blob in blobs:
        thaw(pipeline, blob)
    pipeline.tracks.reclassify(pipeline.classifier)
    return pipeline, [] if alike else reconfigure(pipeline, settings, airspace, pipeline.time_s)


def _as_it_was(settings: Settings, blobs: Sequence[bytes]) -> Pipeline:
    return Pipeline(
        book=Book(settings.site.id, settings.site.status),
        airspace=Remembered(blobs[0]),
        classifier=classifier_of(settings),
        sensors=sensors_of(settings),
        rules=settings.rules,
    )


def _closed(letters: Iterable[Letter], known: Container[str], now_s: float) -> list[IncidentMessage]:
    """Return the end of incidents of which no more is known than was last told."""
    told = [_message(letter) for letter in letters if letter.incident_id not in known]
    return [_close(message, stamp(now_s)) for message in told]


def _message(letter: Letter) -> IncidentMessage:
    return msgspec.json.decode(letter.publications[0].payload, type=IncidentMessage)


def _close(message: IncidentMessage, now: str) -> IncidentMessage:
    findings = tuple(replace(f, ended_at=f.ended_at or message.subject.time) for f in message.findings)
    return replace(
        message,
        sequence=message.sequence + 1,
        event="closed",
        revision=False,
        phase="closed",
        urgency="past",
        headline=f"Not followed any more: {message.headline}",
        time=now,
        closed_at=now,
        outcome="lost",
        findings=findings,
        durable=msgspec.UNSET,
    )
