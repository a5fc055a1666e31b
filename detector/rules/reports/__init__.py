"""Rules about reports themselves, believed or not: positions that cannot be true."""
