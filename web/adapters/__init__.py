"""Adapters of web: the only place here that touches a store or a socket."""
