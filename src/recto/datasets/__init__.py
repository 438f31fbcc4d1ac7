"""Datasets: Examples, splits, mix, and one file per format in `readers/` and `writers/`."""
