"""Extraction: Transcript + Schema → typed Fields, each with its confidence and its place on the page.

It only applies what was learned; fitting lives in `training/`.
"""
