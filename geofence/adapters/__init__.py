"""Adapters of geofence: the only place here that touches a socket or a file."""
