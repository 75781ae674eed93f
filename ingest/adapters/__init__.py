"""Adapters of ingest: the only place here that touches a socket or a file."""
