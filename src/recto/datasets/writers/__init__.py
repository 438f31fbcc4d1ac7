"""Writers: one file per format, each turning Examples into files, atomically."""
