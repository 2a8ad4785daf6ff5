# anova's default test (R 4.6): F where the dispersion is estimated, Chisq where it is known.
#   writes anova.txt beside it
show <- function(fit) { a <- anova(fit); cat(colnames(a), sep = ","); cat("\n"); cat(sprintf("%.15g", a[nrow(a), ncol(a)]), "\n") }
show(glm(Volume ~ Girth + Height, Gamma("log"), trees))
show(glm(am ~ wt, binomial, mtcars))
show(glm(count ~ spray, quasipoisson, InsectSprays))
show(glm(mpg ~ wt + hp, gaussian, mtcars))
