"""The seeded crash matrix: breaks every stage and server at named points and at random, and balances the books."""
