"""A fleet of three waste trucks in a town of apartment blocks, as its GPS boxes log it.

settings -> layout (streets, stops) -> almanac (who drives what, what is closed) -> orders (the day's queue)
-> shifts (the trucks at work) -> boxes (what the log shows) and truth (who was served when) -> files.
"""
