"""Three waste trucks that stand long in yards, as their GPS boxes log them.

settings -> layout (streets), places (depot, tip, canteens) -> sites, rounds (yards, stops) -> orders, crews -> town
-> almanac (days, weather, shut streets) -> office (the day's queues) -> driving, serving, shifts (the trucks at work)
-> boxes (what the log shows) -> fleet -> files. All draws of a town, and all of its days, come one after the other
from one generator each: whoever draws one number more, or in another order, makes other towns.
"""
