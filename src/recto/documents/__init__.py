"""Documents: open PDFs and images safely; Page, Transcript, reading order, text normalisation."""
