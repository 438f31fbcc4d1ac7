"""Extracting for strangers: fields of texts and documents, found in a process that may be killed."""
