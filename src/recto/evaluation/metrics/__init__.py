"""Metrics: pure functions of a reference (the truth) and a hypothesis (the reading); no files, no engines."""
