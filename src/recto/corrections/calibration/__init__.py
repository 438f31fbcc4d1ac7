"""Calibration: what confidences mean, by what people corrected; what needs no person."""
