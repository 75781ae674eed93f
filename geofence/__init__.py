"""Events to alerts: zones, homes, motion, runs, decisions. The front is `step`; `worker` loops over the ports."""
