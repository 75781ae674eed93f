"""Adapters of residents: the only place here that touches a socket or a file."""
