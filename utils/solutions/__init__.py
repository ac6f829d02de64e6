"""The exercises' own answers and checks, a module a chapter. Read them after you tried."""
