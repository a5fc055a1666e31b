"""What is on its way: which publication is sent next, and what the broker's answer to it means.

No sockets, threads or clock. The promise: an item leaves the outbox only when the broker has confirmed it; and of one
topic, items are confirmed in their order, so that the last retained message is the last one made.

A topic that the broker refuses (an access list, a quota) is held and tried again later, from the refused item on, while
the others go on. Items of that topic that were sent behind the refused one count as not sent: a broker may take them
now, but then the earlier one would come after them. They come twice instead, which QoS 1 allows.

A broker that has forgotten its queues has forgotten what rooms that send no receipts have not had. So the alerts of the
last half hour, as often as a stock mosquitto saves its queues, are sent once more over every new connection, and again
after LATER_S, when rooms that it has forgotten with them have connected, too: then without those of incidents of which
something new has been sent meanwhile. None is sent so more than twice in all, and no more than a tenth of what it
queues for a client that is away, so that what is new finds room there.
"""

from __future__ import annotations

import enum
import math
from collections import Counter, deque
from collections.abc import Iterable

from detector.backoff import Backoff
from detector.delivery.outbox import Item, Outbox
from detector.delivery.states import States
from detector.mqtt.publication import Publication

WINDOW = 100  # messages the broker has not answered: more gain nothing and are all sent twice after a loss
REFUSED = 0x80  # MQTT 5 reason codes from here on; 0x10, nobody subscribes, is none: the broker did its part
FIRST_HOLD_S, LONGEST_HOLD_S = 1.0, 30.0
RECENT, RECENT_S, COPIES = 100, 1800.0, 2  # mosquitto.conf: max_queued_messages 1000, autosave_interval 1800
LATER_S = 10.0


class Answer(enum.Enum):
    """What the answer to a publication came to."""

    CONFIRMED = enum.auto()  # a state, or a part of a letter
    COMPLETE = enum.auto()  # the last part of a letter
    REFUSED = enum.auto()
    STALE = enum.auto()  # of an item that is sent again anyway


class _Hold:
    """Until when a refused topic waits, and how long it will next time; infinite once it may be tried again."""

    def __init__(self) -> None:
        self.backoff = Backoff(FIRST_HOLD_S, longest_s=LONGEST_HOLD_S)
        self.until_s = math.inf
        self.held = True


class Flight:
    """The publications under way over one connection after another."""

    def __init__(self, outbox: Outbox, states: States) -> None:
        self._outbox, self._states = outbox, states
        self._recent: dict[int, tuple[Item, float]] = {}  # by number: alerts that brokers have confirmed, and when
        self._times: Counter[int] = Counter()  # that they were sent again
        self.restart()

    def restart(self, window: int = WINDOW) -> None:
        """Begin on a new connection: what was under way is not, and a broker may want fewer at a time."""
        self._window = min(window, WINDOW)
        self._holds: dict[str, _Hold] = {}  # by topic; of what another broker has refused, nothing follows
        self._under_way: dict[int, Item | Publication | None] = {}  # by packet id; None: its answer is stale
        self._last_id = 0  # items up to here are under way, or held
        self._too_large = set[int]()  # ids of items that this broker does not take, whatever else it does
        self._outbox.rouse()  # a broker that has forgotten its queues has forgotten what rooms have not had, too
        self._states.restart()
        self._old = {n: item for n, (item, _) in self._recent.items() if not self._outbox.kept(n)}
        self._copies = deque(self._old)
        self._copy_s = math.nan  # when they are sent again; NaN: nobody has asked yet what is due

    def again(self, messages: Iterable[int]) -> None:
        """Send messages again that the broker has confirmed, and a room has not."""
        self._outbox.rouse(messages)
        self._last_id = 0

    def settled(self) -> bool:
        """Tell whether every state that can be delivered has been."""
        return not any(isinstance(sent, Publication) for sent in self._under_way.values()) and not any(
            not self.held(state.topic) for state in self._states.unsent()
        )

    def due(self, now_s: float) -> list[Item | Publication]:
        """Return what to send now, in order, states first. The caller sends all of it and says so with `sent`."""
        self._release(now_s)
        room = self._window - len(self._under_way)
        states = [state for state in self._states.unsent() if not self.held(state.topic)]
        due: list[Item | Publication] = list(states[: max(room, 0)])
        due += self._copied(room - len(due), now_s)
        flying = {sent.id for sent in self._under_way.values() if isinstance(sent, Item)}
        while not self._copies and (most := room - len(due)) > 0 and (items := self._outbox.after(self._last_id, most)):
            self._last_id = items[-1].id
            items = [item for item in items if item.id not in flying and item.id not in self._too_large]
            due += [item for item in items if not self.held(item.publication.topic)]
        return due

    def sent(self, packet_id: int, what: Item | Publication) -> None:
        """Note that something of `due` is under way."""
        self._under_way[packet_id] = what
        if isinstance(what, Publication):
            self._states.sent(what)

    def answered(self, packet_id: int, code: int, now_s: float) -> tuple[Answer, Item | Publication | None]:
        """Take the broker's answer, a reason code; return what it came to, and for what."""
        what = self._under_way.pop(packet_id, None)
        if what is None:
            return Answer.STALE, None
        if code >= REFUSED:
            self.refused(what, now_s)
            return Answer.REFUSED, what
        if not self.held(publication_of(what).topic):  # a hold that a later item caused stays
            self._holds.pop(publication_of(what).topic, None)
        if isinstance(what, Item) and what.publication.retain:
            # A broker that has lost its memory gets every open incident again with the next connection.
            self._states.keep(what.publication) if what.publication.payload else self._states.drop(
                what.publication.topic
            )
        if isinstance(what, Item) and what.leads:
            self._recent.setdefault(what.letter.number, (what, now_s))
            if len(self._recent) > RECENT:
                oldest = next(iter(self._recent))
                del self._recent[oldest], self._times[oldest]
        complete = isinstance(what, Item) and self._outbox.confirm(what)
        return Answer.COMPLETE if complete else Answer.CONFIRMED, what

    def too_large(self, what: Item | Publication, now_s: float) -> None:
        """Leave out an alert until there is another broker: others of its topic, shared by all incidents, must go on.

        The topic of an incident is its own, and keeps its order.
        """
        if isinstance(what, Item) and not what.publication.retain:
            self._too_large.add(what.id)
        else:
            self.refused(what, now_s)

    def refused(self, what: Item | Publication, now_s: float) -> None:
        """Hold the topic of something that the broker does not take."""
        topic = publication_of(what).topic
        hold = self._holds.setdefault(topic, _Hold())
        hold.held, hold.until_s = True, now_s + hold.backoff.wait_s()
        if isinstance(what, Publication):
            self._states.again(what)
            return
        for packet_id, other in self._under_way.items():
            if isinstance(other, Item) and other.publication.topic == topic and other.id > what.id:
                self._under_way[packet_id] = None

    def next_s(self) -> float:
        """Return when the next hold ends, or copies are due; infinity without either."""
        copies_s = math.inf if math.isnan(self._copy_s) else self._copy_s
        return min([copies_s, *(hold.until_s for hold in self._holds.values())])

    def refusing(self) -> list[str]:
        """Return the topics that the broker does not take; from any thread."""
        return list(self._holds)

    def held(self, topic: str) -> bool:
        """Tell whether a topic waits after a refusal."""
        return topic in self._holds and self._holds[topic].held

    def _copied(self, most: int, now_s: float) -> list[Item]:
        """Return the next copies of what was confirmed lately when this connection began, at most `most`."""
        if math.isnan(self._copy_s):
            self._copy_s = now_s + LATER_S if self._old else math.inf
        elif now_s >= self._copy_s:
            self._copy_s = math.inf
            sent = [*self._under_way.values(), *(item for n, (item, _) in self._recent.items() if n not in self._old)]
            known = {each.letter.incident_id for each in sent if isinstance(each, Item)}
            self._copies.extend(n for n, item in self._old.items() if item.letter.incident_id not in known)
        copies = list[Item]()
        while self._copies and len(copies) < most:
            number = self._copies.popleft()
            item, told_s = self._recent.get(number, (None, 0.0))
            if item and now_s - told_s <= RECENT_S and self._times[number] < COPIES:
                self._times[number] += 1
                copies += [] if self.held(item.publication.topic) else [item]
        return copies

    def _release(self, now_s: float) -> None:
        for hold in self._holds.values():
            if hold.until_s <= now_s:
                hold.held, hold.until_s = False, math.inf
                self._last_id = 0  # read the outbox from its start: held items were passed over


def publication_of(what: Item | Publication) -> Publication:
    """Return the publication of an item, or a state, which is one."""
    return what.publication if isinstance(what, Item) else what
