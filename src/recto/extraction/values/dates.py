"""Dates."""
from typing import Literal
Order = Literal["dmy", "mdy"]
