"""Releases: immutable numbered models, the gates in front of them, and which one is current per scope."""
