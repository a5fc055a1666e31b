"""What of the messages that arrive a room is to read: each once, and those of an incident in their order.

They come over two topics, come again after a lost connection, and some are missing when a broker has forgotten its
queue. One whose predecessor is missing waits GRACE_S for it, which is long for a daemon that sends it again and short
for an alert; then it is passed on, for it is the whole incident as it stands. What comes still later is left out: it
would turn the incident back. No sockets, files or clock: payloads and times in, steps out.
"""

from __future__ import annotations

import enum
import hashlib
import math
from dataclasses import dataclass, field

from detector.delivery.messages import key_of

GRACE_S = 2.0
LOST_S = 60.0  # for so long receipts stop before a gap; then nobody has it any more


class Verdict(enum.Enum):
    """What becomes of a message, or of those that are missing."""

    PASSED = enum.auto()  # to be read now
    WAITS = enum.auto()  # for its predecessor
    REPEATED = enum.auto()
    DIFFERS = enum.auto()  # repeated, with other content
    LATE = enum.auto()  # after a later one was passed on
    UNREADABLE = enum.auto()
    MISSING = enum.auto()  # did not come within GRACE_S
    BEFORE = enum.auto()  # missing, but the room listens to this incident only since; the retained message is enough
    LOST = enum.auto()  # did not come within LOST_S


@dataclass(frozen=True, slots=True)
class Step:
    """A verdict on the messages `first` to `sequence` of an incident; `payload` of one is a line without its end."""

    verdict: Verdict
    incident_id: str
    sequence: int
    payload: bytes = b""
    first: int = 0
    reason: str = ""


@dataclass(slots=True)
class _Story:
    seen: dict[int, bytes] = field(default_factory=dict)  # digests, by sequence
    waiting: dict[int, tuple[bytes, float]] = field(default_factory=dict)  # payload, since when
    last: int = 0  # passed on
    upto: int = 0  # seen without a gap
    retained: bool = False  # was heard of so, before anything was passed on
    lost_s: float = math.inf

    def see(self, sequence: int, digest: bytes) -> None:
        self.seen[sequence] = digest
        self.skip(self.upto)

    def skip(self, upto: int) -> None:
        """Count everything up to here as seen."""
        self.upto = max(self.upto, upto)
        while self.upto + 1 in self.seen:
            self.upto += 1
        self.last = max(self.last, self.upto)

    def next_s(self) -> float:
        return min(self.lost_s, self.waits_until_s())

    def waits_until_s(self) -> float:
        """Return when the first that waits has waited for long enough; inf without one."""
        return min((since_s + GRACE_S for _, since_s in self.waiting.values()), default=math.inf)


class Order:
    """The incidents a room has heard of; `latest` is that of the latest message."""

    def __init__(self) -> None:
        self.latest: str | None = None
        self._stories: dict[str, _Story] = {}
        self._gaps: dict[str, _Story] = {}  # those in which something is missing

    def recall(self, incident_id: str, sequence: int, digest: bytes, now_s: float) -> None:
        """Take from memory a message that was seen."""
        self.latest = incident_id
        story = self._stories.setdefault(incident_id, _Story())
        story.see(sequence, digest)
        story.last = max(story.last, sequence)
        self._note_gap(incident_id, story, now_s)

    def skip(self, incident_id: str, upto: int) -> None:
        """Take from memory that all messages up to one count as seen."""
        self._stories.setdefault(incident_id, _Story()).skip(upto)

    def forget(self, incident_id: str) -> None:
        """Forget an incident: what comes of it from now on is new."""
        self._stories.pop(incident_id, None)
        self._gaps.pop(incident_id, None)
        self.latest = None if self.latest == incident_id else self.latest

    def take(self, payload: bytes, now_s: float, *, retained: bool = False) -> list[Step]:
        """Return what to do about a message."""
        line = payload.replace(b"\r", b" ").replace(b"\n", b" ")  # JSON has them between its tokens only
        try:
            key = key_of(line)
        except ValueError as error:
            return [Step(Verdict.UNREADABLE, "", 0, line, reason=str(error))]
        self.latest = key.incident_id
        story = self._stories.setdefault(key.incident_id, _Story())
        story.retained |= retained and not story.last
        steps = self._judge(key.incident_id, key.sequence, line, story, now_s)
        self._note_gap(key.incident_id, story, now_s)
        return steps

    def tick(self, now_s: float) -> list[Step]:
        """Return what to do now that time has passed."""
        steps = []
        for incident_id, story in list(self._gaps.items()):
            while story.next_s() <= now_s:
                waited = story.waits_until_s() <= now_s
                steps += _go_on(incident_id, story) if waited else _give_up(incident_id, story)
                self._note_gap(incident_id, story, now_s)
        return steps

    def next_s(self) -> float:
        """Return when `tick` has something to do."""
        return min((story.next_s() for story in self._gaps.values()), default=math.inf)

    def upto(self, incident_id: str) -> int:
        """Return the highest sequence of an incident that was seen without a gap; 0 for none."""
        story = self._stories.get(incident_id)
        return story.upto if story else 0

    def _judge(self, incident_id: str, sequence: int, line: bytes, story: _Story, now_s: float) -> list[Step]:
        known = story.seen.get(sequence)
        if sequence in story.waiting:
            known = digest(story.waiting[sequence][0])
        if known is not None:
            verdict = Verdict.REPEATED if known == digest(line) else Verdict.DIFFERS
            return [Step(verdict, incident_id, sequence, line)]
        if sequence <= story.last:
            story.see(sequence, digest(line))
            return [Step(Verdict.LATE, incident_id, sequence, line)]
        story.waiting[sequence] = line, now_s
        return _pass(incident_id, story) or [Step(Verdict.WAITS, incident_id, sequence, line)]

    def _note_gap(self, incident_id: str, story: _Story, now_s: float) -> None:
        if story.upto == story.last:
            story.lost_s = math.inf
        elif story.lost_s == math.inf:
            story.lost_s = now_s + LOST_S
        if story.waiting or story.upto < story.last:
            self._gaps[incident_id] = story
        else:
            self._gaps.pop(incident_id, None)


def digest(line: bytes) -> bytes:
    """Return what tells messages of other content under one name apart."""
    return hashlib.blake2b(line, digest_size=8).digest()


def _pass(incident_id: str, story: _Story) -> list[Step]:
    """Pass on what does not wait any more."""
    steps = []
    while story.last + 1 in story.waiting:
        line, _ = story.waiting.pop(story.last + 1)
        story.last += 1
        story.see(story.last, digest(line))
        steps.append(Step(Verdict.PASSED, incident_id, story.last, line))
    return steps


def _go_on(incident_id: str, story: _Story) -> list[Step]:
    """Wait no longer for what is missing before the first that waits."""
    first, story.last = story.last + 1, min(story.waiting) - 1
    before = first == 1 and story.retained
    if before:
        story.skip(story.last)
    gap = Step(Verdict.BEFORE if before else Verdict.MISSING, incident_id, story.last, first=first)
    return [gap, *_pass(incident_id, story)]


def _give_up(incident_id: str, story: _Story) -> list[Step]:
    """Take what is missing as lost."""
    first = story.upto + 1
    story.skip(story.last)
    return [Step(Verdict.LOST, incident_id, story.last, first=first)]
