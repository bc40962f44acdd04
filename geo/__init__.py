"""Spatial science for service stations: arrays and frames in, the same out. No SQL, no HTTP, no station."""
