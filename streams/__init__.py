"""The pipe between rooms: ordered logs, fenced state and shared queues. Carries bytes, knows no room."""
