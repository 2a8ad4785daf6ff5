# The first milestone's expected output. Run with R >= 4.4 in the project's root; writes attrition_*.txt beside itself.
options(width = 80)
data <- read.csv("glmformula/datasets/attrition.csv")
keep <- function(name, expression)
  writeLines(capture.output(expression), file.path("tests/reference", paste0("attrition_", name, ".txt")))

fit <- glm(left ~ salary + experience_years + overtime_hours, data = data, family = binomial())
pois <- glm(sick_days ~ salary + experience_years + overtime_hours, data = data, family = poisson())
small <- glm(left ~ salary + experience_years, data = data, family = binomial())

keep("binomial", print(summary(fit)))
keep("poisson", print(summary(pois)))
keep("odds_ratios", print(exp(cbind(OR = coef(fit), confint.default(fit)))))
keep("anova", print(anova(small, fit, test = "Chisq")))
keep("version", cat(R.version.string, "\n", sep = ""))
