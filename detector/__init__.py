"""incursiond: flags incursions and dangerous manoeuvres near borders in the air."""

__version__ = "0.1.0"
