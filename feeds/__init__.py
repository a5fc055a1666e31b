"""Feeds: bytes in, columns of plots out."""
