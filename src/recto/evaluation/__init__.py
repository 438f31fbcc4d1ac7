"""Evaluation: metrics (pure), evaluate, compare, and the report that people look at."""
