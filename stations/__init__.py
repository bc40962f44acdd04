"""The registry: what a station is, the database behind it, imports and the demonstration data."""
