"""Observability: logs, spans, metrics and cost; put around the rest, and never woven into it."""
