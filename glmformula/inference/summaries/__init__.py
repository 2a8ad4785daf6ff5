"""What was found: coefficient tables, their tests, and fits as plain DataFrames."""
