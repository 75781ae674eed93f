"""The only place in the notifier that touches a socket, a file, or a library that does."""
