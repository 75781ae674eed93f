"""From past days to minutes: where a truck is on its round, and when it will be at each place ahead. Pure."""
