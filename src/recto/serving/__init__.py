"""Serving: reading as a service over HTTP, with batches, jobs, keys and limits. It trains and judges nothing."""
