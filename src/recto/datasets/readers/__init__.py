"""Readers: one file per format, each turning a path into Examples."""
