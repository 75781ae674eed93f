"""The public API, version 1: forms, one table of operations, and what each does. docs/decisions/0009-residents.md."""
