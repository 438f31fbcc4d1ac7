"""Decoding: strangers' files are opened in processes of their own, which may be killed at any time."""
