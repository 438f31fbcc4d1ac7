"""Corrections: what people make of readings: kept one by one, undone, waited for in a queue, learnt from."""
