"""Keeping the registry true: what the public says of stations, counted without knowing who said it."""
