# dose.p (MASS), coefci (lmtest, sandwich), variable.names, case.names, sigma -> mass_<version>.json
# usage (R 4.2.2 with the packages, then base R 4.6 for sigma): Rscript mass.R
options(digits = 15)
version <- paste0(R.version$major, ".", sub("\\..*", "", R.version$minor))
numbers <- function(x) paste0("[", paste(ifelse(is.na(x), "null", sprintf("%.15g", x)), collapse = ", "), "]")
words <- function(x) paste0("[", paste0('"', x, '"', collapse = ", "), "]")
budworm <- data.frame(ldose = rep(0:5, 2), dead = c(1, 4, 9, 13, 18, 20, 0, 2, 6, 10, 12, 16), sex = rep(c("M", "F"), c(6, 6)))
budworm$cost <- c(3.1, 4.4, 2.2, 6.1, 7.7, 9.5, 3.3, 2.8, 4.1, 6.6, 8.2, 7.1); budworm$w <- c(0, 1, 1, 2, 1, 1, 1, 1, 1, 1, 0, 1)
fits <- list(
  logit = glm(cbind(dead, 20 - dead) ~ sex + ldose - 1, binomial, budworm),
  probit = glm(cbind(dead, 20 - dead) ~ ldose, binomial("probit"), budworm),
  gaussian = glm(cost ~ ldose + I(2 * ldose) + sex, gaussian, budworm, weights = w),
  Gamma = glm(cost ~ ldose, Gamma("log"), budworm))
answers <- c(R = paste0('"', R.version.string, '"'),
  sigma = paste0("{", paste0('"', names(fits), '": ', vapply(fits, function(f) sprintf("%.15g", sigma(f)), ""), collapse = ", "), "}"))
if (requireNamespace("MASS", quietly = TRUE) && requireNamespace("lmtest", quietly = TRUE)) {
  dose <- function(f, cf, p) { d <- MASS::dose.p(f, cf = cf, p = p); paste0('{"dose": ', numbers(d), ', "se": ', numbers(attr(d, "SE")), ', "names": ', words(names(d)),
    ', "text": "', paste(capture.output(print(d), type = "output"), collapse = "\\n"), '"}') }
  options(digits = 7)
  answers <- c(answers,
    dose = paste0("[", dose(fits$logit, c(1, 3), 1:3 / 4), ", ", dose(fits$logit, c(2, 3), 0.5), ", ", dose(fits$probit, 1:2, c(0.1, 0.5, 0.975)), "]"))
  limits <- function(x) paste0("[", numbers(x[, 1]), ", ", numbers(x[, 2]), "]")
  answers <- c(answers, coefci = paste0("[", paste(c(limits(lmtest::coefci(fits$gaussian)), limits(lmtest::coefci(fits$gaussian, df = 7)),
      limits(lmtest::coefci(fits$Gamma, level = 0.9, vcov. = sandwich::vcovHC(fits$Gamma, "HC1"), df = 3)), limits(lmtest::coefci(fits$Gamma, df = 0))), collapse = ", "), "]"),
    variables = paste0("[", words(variable.names(fits$gaussian)), ", ", words(variable.names(fits$gaussian, full = TRUE)), "]"),
    cases = paste0("[", words(case.names(fits$gaussian)), ", ", words(case.names(fits$gaussian, full = TRUE)), "]"),
    drops = paste0("[", numbers(MASS::dropterm(fits$Gamma)$AIC), ", ", numbers(MASS::addterm(fits$Gamma, ~ . + sex, test = "F")$AIC), "]"))
}
writeLines(paste0("{", paste0('"', names(answers), '": ', answers, collapse = ",\n "), "}"), if (version == "4.2") "mass_4.2.json" else stdout())
