"""Engines: the Engine protocol, the table of engines, and one file or folder per backend."""
