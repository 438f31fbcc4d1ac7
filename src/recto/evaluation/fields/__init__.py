"""Measuring extraction: which of the wanted values were found, and how far confidences can be trusted."""
