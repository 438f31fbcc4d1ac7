"""The CPU engine: PP-OCRv6 small, read by OpenVINO. `reader` is the pipeline; the rest are its parts.

page → detector (where text stands) → crops → recogniser (what it says) → reading order → Transcript
"""

from recto.engines.ppocr.reader import PpocrEngine, load

__all__ = ["PpocrEngine", "load"]
