# Type II and III Wald tests of the terms, car's Anova.merMod, at the exact minimum -> marginal.json.
# usage (in this directory): LC_ALL=C.UTF-8 Rscript marginal.R      R 4.2.2 with lme4 1.1-31, car 3.1-1
source("exact.R"); source("table.R")
suppressMessages(library(car)); versions$car <- as.character(packageVersion("car"))
more <- c(
  "cake sum" = "lmer(angle ~ recipe * temp + (1 | recipe:replicate), cake, contrasts = list(recipe = \"contr.sum\"))",
  "owls sum" = "glmer(SiblingNegotiation ~ FoodTreatment * SexParent + offset(log(BroodSize)) + (1 | Nest), Owls, family = poisson, contrasts = list(FoodTreatment = \"contr.sum\", SexParent = \"contr.sum\"))",
  "sleep aliased" = "lmer(Reaction ~ Days + I(2 * Days) + I(Days^2) + (1 | Subject), sleepstudy)",
  "orthodont aliased" = "lmer(distance ~ I(age - 11) + age * Sex + (1 | Subject), Orthodont, REML = FALSE)",
  "cake empty cell" = "lmer(angle ~ recipe * temperature + (1 | replicate), cake, subset = !(recipe == \"A\" & temp == 185))",
  "machines no intercept" = "lmer(score ~ 0 + Machine + (1 | Worker), Machines)"
)
ids <- c("sleep", "sleep poly", "cake ML", "oats", "orthodont", "orthodont sum", "positive offset", "cbpp", "bacteria", "epil", "owls", "positive nb", "sleep no fixed intercept")
out <- list()
for (id in c(names(more), ids)) {
  m <- exact(c(calls, more)[[id]]); r <- list(call = unname(c(calls, more)[id]))
  for (type in c("II", "III")) { a <- Anova(m, type = type); r[[type]] <- list(rows = as.list(rownames(a)), table = lapply(as.list(a), function(v) as.list(as.numeric(v))), text = capture.output(print(a))) }
  out[[id]] <- r; cat(id, "\n"); cat(r$II$text, r$III$text, sep = "\n")
}
write_json_to(list(versions = versions, models = out), "marginal.json")
