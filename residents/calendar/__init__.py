"""The collection calendar: rules as people say them, and the plan that they and their exceptions make. Pure."""
