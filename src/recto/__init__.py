"""recto: document reading that gets better from its own corrections, on your own machine.

Importing this package loads nothing heavy: engines, datasets and training are imported from
their own rooms (`recto.engines`, `recto.datasets`, …) when they are needed.
"""

__version__ = "0.1.0"
