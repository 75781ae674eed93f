"""The nouns: frozen values that cross rooms. Knows no other room, does no I/O, reads no clock."""
