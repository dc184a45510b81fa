"""A small HTTP API for a shelf of books."""

__version__ = "1.0.0"
