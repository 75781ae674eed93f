"""The simulator's parts, each a model of its own: streets, plan, driver, GPS, network, homes. Chance comes in."""
