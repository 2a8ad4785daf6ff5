"""May it be trusted: certificates, separation, goodness of fit, tests of the model's assumptions."""
