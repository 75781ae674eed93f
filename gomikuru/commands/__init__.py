"""One file a command of the `gomikuru` program; each has `register(app)`. Thin: parse, call, print, exit code."""
