"""Which terms matter: analysis of deviance, tests of single terms, models compared, stepwise choice."""
