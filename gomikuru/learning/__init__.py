"""Learning every night from the archive: when it is due, the child process that does it, and what became of it."""
