"""The riders' pages: finding a station, and the station itself."""
