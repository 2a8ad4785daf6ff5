"""What each row does to the fit: leverages and deletion diagnostics."""
