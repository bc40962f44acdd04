"""Inspections: checklists as data, what was found at a door, what is to be mended, and what a station is honoured with."""
