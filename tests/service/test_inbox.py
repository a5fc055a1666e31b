"""The inbox, with real threads."""

from __future__ import annotations

import threading

from detector.service.inbox import Inbox


def puts(inbox: Inbox, reports: int) -> threading.Thread:
    thread = threading.Thread(target=lambda: inbox.put(lambda: None, reports), daemon=True)
    thread.start()
    return thread


def test_reports_wait_while_it_is_full_and_nothing_else_does():
    inbox, done = Inbox(full=10), []
    inbox.put(lambda: done.append("reports"), 9)
    inbox.put(lambda: done.append("more"), 9)
    waits = puts(inbox, 1)
    waits.join(0.1)
    assert waits.is_alive()
    inbox.put(lambda: done.append("a state"))
    tasks, full = inbox.take(0.0)
    assert full
    for task in tasks:
        task()
    assert done == ["reports", "more", "a state"]
    waits.join(5.0)
    assert not waits.is_alive()
    tasks, full = inbox.take(0.0)
    assert (len(tasks), full) == (1, False)


def test_nobody_waits_for_one_that_is_closed():
    inbox = Inbox(full=1)
    inbox.put(lambda: None, 1)
    waits = puts(inbox, 1)
    inbox.close()
    waits.join(5.0)
    assert not waits.is_alive()


def test_a_taker_waits_for_the_first():
    inbox = Inbox()
    assert not inbox.take(0.0)[0]
    puts(inbox, 1)
    assert len(inbox.take(5.0)[0]) == 1
