"""Everything that reads or writes stations; ``docs/architecture.md`` says which room does what."""
