"""Jobs: long work that is accepted at once, survives a restart, and is fetched page by page."""
