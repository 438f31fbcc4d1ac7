"""The history of the tables, applied when a workspace is opened. `tables.py` says what they are now."""
