"""The routes of recto's own HTTP API, one file per noun; each asks the Service and writes its answer down."""
