"""Staff change stations: a station as a flat value, edits put together field by field, one at a time or in bulk."""
