"""The daemon, its disk, the network, the broker and the rooms in one process on simulated time: a seed is a story.

The delivery, the journal and the rooms are the real ones. What they stand on is simulated: `paho.Client`, clocks, the
transactions of SQLite, kills. `INCURSIOND_SEED=N pytest tests/simulation` tells one story again.
"""
