"""The only room of ``geo`` that touches disk: tables and vector files."""
