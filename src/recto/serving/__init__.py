"""Serving: reading as a service over HTTP: batches, jobs, keys, limits. It trains and judges nothing."""
