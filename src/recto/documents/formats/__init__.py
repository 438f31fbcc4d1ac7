"""Formats of other programs that hold pages with their lines: ALTO, PAGE XML, hOCR, and PDF with hidden text.

One file per format. Each writes Transcripts, and the three that hold text read it back as Sheets. Files are
opened and pages matched with their images elsewhere: `datasets/readers/sheets`, `cli/read_documents`.
"""
