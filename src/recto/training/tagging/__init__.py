"""Tagging: fits the rankers of a tagger on Examples with fields. Applying them is in `extraction`."""
