"""Fields: measuring extraction: which of the wanted values were found, and how far its confidence can be trusted."""
