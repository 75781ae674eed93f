"""The stage that reminds homes of their collections: a leased leader a city, woken by APScheduler."""
