# R's emmeans on models of R's own data: texts as printed and the numbers behind them.
# Rscript emmeans.R writes emmeans.json.gz beside it.
suppressMessages({
  library(emmeans)
  library(multcomp)
  library(MASS)
  library(nnet)
  library(pscl)
  library(jsonlite)
})
options(width = 80, contrasts = c("contr.treatment", "contr.poly"))

mt <- transform(mtcars, cyl = factor(cyl), gear = factor(gear))
nested <- data.frame(
  farm = factor(rep(c("north", "south", "west"), each = 8)),
  pen = factor(rep(c("n1", "n2", "s1", "s2", "w1", "w2"), each = 4)),
  feed = factor(rep(c("hay", "corn"), 12)),
  gain = c(11, 13, 12, 15, 10, 14, 11, 13, 20, 24, 21, 22, 18, 23, 19, 21, 31, 30, 33, 35, 28, 34, 30, 33)
)
holes <- subset(warpbreaks, !(wool == "A" & tension == "H"))
claims <- transform(
  Insurance[1:40, ], Age = factor(Age, ordered = FALSE), Group = factor(Group, ordered = FALSE)
)
claims$District <- droplevels(claims$District)
pigs <- emmeans::pigs
dose <- transform(ToothGrowth, dosef = factor(dose))
odd <- transform(warpbreaks, tension = factor(tension, labels = c("lo-1", "2+", "0")))
trial <- transform(esoph[1:60, ], agegp = factor(agegp, ordered = FALSE), alcgp = factor(alcgp, ordered = FALSE))
trial <- droplevels(trial)
wts <- transform(warpbreaks, w = rep(1:3, 18))
nb <- quine
data(bioChemists)
data <- list(
  warpbreaks = warpbreaks, mt = mt, mtcars = mtcars, nested = nested, holes = holes, claims = claims, pigs = pigs,
  dose = dose, odd = odd, trial = trial, wts = wts, quine = nb, sprays = InsectSprays, infert = infert,
  chemists = bioChemists, housing = housing
)

m <- list(
  wb = lm(breaks ~ wool * tension, data = warpbreaks),
  wbadd = lm(breaks ~ wool + tension, data = warpbreaks),
  wblog = lm(log(breaks) ~ wool * tension, data = warpbreaks),
  wbsqrt = lm(sqrt(breaks + 1) ~ wool + tension, data = warpbreaks),
  wbpois = glm(breaks ~ wool * tension, poisson, data = warpbreaks),
  wbgamma = glm(breaks ~ wool + tension, Gamma, data = warpbreaks),
  wbgammalog = glm(breaks ~ wool + tension, Gamma("log"), data = warpbreaks),
  wbquasi = glm(breaks ~ tension, quasipoisson, data = warpbreaks),
  pigs = lm(log(conc) ~ source + factor(percent), data = pigs),
  pigsi = lm(inverse ~ source * percent, data = transform(pigs, inverse = 100 / conc)),
  cov = lm(mpg ~ cyl * wt + am, data = mt),
  poly = lm(mpg ~ cyl + poly(hp, 2) + log(wt), data = mt),
  logit = glm(am ~ cyl + wt, binomial, data = mt),
  probit = glm(case ~ education + spontaneous, binomial("probit"), data = infert),
  cloglog = glm(case ~ factor(induced) + spontaneous, binomial("cloglog"), data = infert),
  counts = glm(cbind(ncases, ncontrols) ~ agegp + alcgp, binomial, data = trial),
  offset = glm(Claims ~ District + Group + Age + offset(log(Holders)), poisson, data = claims),
  nested = lm(gain ~ farm / pen + feed, data = nested),
  nested2 = lm(gain ~ farm + pen %in% farm + feed, data = nested),
  holes = lm(breaks ~ wool * tension, data = holes),
  dose = lm(len ~ supp * dose, data = dose),
  dosef = lm(len ~ supp * dosef, data = dose),
  odd = lm(breaks ~ tension, data = odd),
  weights = lm(breaks ~ wool + tension, data = wts, weights = w),
  nb = glm.nb(Days ~ Sex + Age + Eth, data = quine, control = glm.control(epsilon = 1e-13, maxit = 100)),
  sprays = glm(count ~ spray, poisson, data = InsectSprays),
  inter = lm(len ~ supp + dose + I(dose^2), data = dose),
  coerced = lm(mpg ~ factor(cyl) * log(wt), data = mtcars),
  three = lm(mpg ~ gear * vs + cyl, data = mt),
  zero = zeroinfl(art ~ fem + mar + kid5 | fem + ment, bioChemists, reltol = 1e-14),
  hurdle = hurdle(art ~ fem + mar + kid5 | fem + ment, bioChemists, reltol = 1e-14),
  multi = multinom(Sat ~ Infl + Type, housing, weights = Freq, trace = FALSE, reltol = 1e-15, maxit = 1000),
  polr = polr(Sat ~ Infl + Type, housing, weights = Freq, Hess = TRUE, control = list(reltol = 1e-15, maxit = 1000))
)

quiet <- function(x) suppressMessages(suppressWarnings(x))
cases <- alist(
  wb_cells = emmeans(m$wb, ~ wool * tension),
  wb_by = emmeans(m$wb, ~ wool | tension),
  wb_by2 = emmeans(m$wb, ~ tension | wool),
  wb_pairs_by = emmeans(m$wb, pairwise ~ tension | wool),
  wb_pairs_all = pairs(emmeans(m$wb, ~ wool * tension)),
  wb_wool = emmeans(m$wb, ~ wool),
  wb_overall = emmeans(m$wb, ~ 1),
  wb_joint = joint_tests(m$wb),
  wb_joint_by = joint_tests(m$wb, by = "wool"),
  wb_cld = cld(emmeans(m$wb, ~ tension | wool)),
  wb_cld_all = cld(emmeans(m$wb, ~ wool * tension), reversed = TRUE),
  wb_inter = contrast(emmeans(m$wb, ~ wool * tension), interaction = c("pairwise", "poly")),
  wb_simple = contrast(emmeans(m$wb, ~ wool * tension), "pairwise", simple = "wool"),
  wb_bonf = confint(pairs(emmeans(m$wb, ~ tension | wool)), adjust = "bonferroni"),
  wb_scheffe = summary(contrast(emmeans(m$wbadd, ~ tension), "eff"), adjust = "scheffe", infer = TRUE),
  add_tension = emmeans(m$wbadd, ~ tension),
  add_tukey_ci = confint(pairs(emmeans(m$wbadd, ~ tension))),
  add_sidak = summary(emmeans(m$wbadd, ~ tension), infer = TRUE, adjust = "sidak"),
  add_holm = pairs(emmeans(m$wbadd, ~ tension), adjust = "holm"),
  add_hommel = pairs(emmeans(m$wbadd, ~ tension), adjust = "hommel"),
  add_none = pairs(emmeans(m$wbadd, ~ tension), adjust = "none"),
  add_ctrl = contrast(emmeans(m$wbadd, ~ tension), "trt.vs.ctrl"),
  add_ctrlk = contrast(emmeans(m$wbadd, ~ tension), "trt.vs.ctrlk"),
  add_ctrl2 = contrast(emmeans(m$wbadd, ~ tension), "trt.vs.ctrl", ref = 2:3),
  add_eff = contrast(emmeans(m$wbadd, ~ tension), "eff"),
  add_deleff = contrast(emmeans(m$wbadd, ~ tension), "del.eff"),
  add_poly = contrast(emmeans(m$wbadd, ~ tension), "poly"),
  add_consec = contrast(emmeans(m$wbadd, ~ tension), "consec", adjust = "holm"),
  add_meanchg = contrast(emmeans(m$wbadd, ~ tension), "mean_chg", adjust = "sidak"),
  add_custom = contrast(emmeans(m$wbadd, ~ tension), list(first = c(1, -0.5, -0.5), second = c(0, 1, -1))),
  add_equiv = test(pairs(emmeans(m$wbadd, ~ tension)), delta = 5, adjust = "none"),
  add_noninf = test(pairs(emmeans(m$wbadd, ~ tension)), delta = 5, side = "noninferiority", adjust = "holm"),
  add_left = test(emmeans(m$wbadd, ~ tension), null = 30, side = "<"),
  add_left_ci = confint(emmeans(m$wbadd, ~ tension), side = "<", level = 0.9),
  log_link = emmeans(m$wblog, ~ wool * tension),
  log_resp = emmeans(m$wblog, ~ wool | tension, type = "response"),
  log_ratio = pairs(emmeans(m$wblog, ~ wool | tension), type = "response"),
  log_ratio_ci = confint(pairs(emmeans(m$wblog, ~ tension | wool), type = "response")),
  sqrt_resp = emmeans(m$wbsqrt, ~ tension, type = "response"),
  sqrt_pairs = pairs(emmeans(m$wbsqrt, ~ tension), type = "response"),
  bias = summary(emmeans(m$wblog, ~ wool), type = "response", bias.adjust = TRUE),
  pois_resp = emmeans(m$wbpois, ~ wool * tension, type = "response"),
  pois_ratio = pairs(emmeans(m$wbpois, ~ tension | wool), type = "response"),
  gamma = emmeans(m$wbgamma, ~ tension),
  gamma_resp = emmeans(m$wbgamma, ~ tension, type = "response"),
  gamma_pairs = pairs(emmeans(m$wbgamma, ~ tension), type = "response"),
  gammalog = pairs(emmeans(m$wbgammalog, ~ tension), type = "response"),
  quasi = summary(emmeans(m$wbquasi, ~ tension, type = "response"), infer = TRUE),
  pigs_link = emmeans(m$pigs, ~ percent),
  pigs_poly = contrast(emmeans(m$pigs, ~ percent), "poly"),
  pigs_resp = emmeans(m$pigs, ~ percent | source, type = "response"),
  pigs_pairs = pairs(emmeans(m$pigs, ~ source), type = "response"),
  pigs_cld = cld(emmeans(m$pigs, ~ percent), type = "response"),
  pigs_joint = joint_tests(m$pigs),
  pigsi_trend = emtrends(m$pigsi, ~ source, "percent"),
  pigsi_trend_pairs = emtrends(m$pigsi, pairwise ~ source, "percent"),
  pigsi_joint = joint_tests(m$pigsi),
  cov_cyl = emmeans(m$cov, ~ cyl),
  cov_at = emmeans(m$cov, ~ cyl | wt, at = list(wt = c(2, 3.5))),
  cov_atam = emmeans(m$cov, ~ cyl, at = list(am = 1, wt = 3)),
  cov_prop = emmeans(m$cov, ~ cyl, weights = "proportional"),
  cov_range = emmeans(m$cov, ~ wt | cyl, cov.reduce = range),
  cov_trend = emtrends(m$cov, ~ cyl, "wt"),
  cov_trend_test = test(emtrends(m$cov, ~ cyl, "wt")),
  cov_joint = joint_tests(m$cov),
  poly_cyl = emmeans(m$poly, ~ cyl),
  poly_trend = emtrends(m$poly, ~ cyl, "hp"),
  poly_at = emmeans(m$poly, ~ hp, at = list(hp = c(100, 150, 200))),
  poly_joint = joint_tests(m$poly),
  logit_link = emmeans(m$logit, ~ cyl),
  logit_resp = emmeans(m$logit, ~ cyl, type = "response"),
  logit_or = pairs(emmeans(m$logit, ~ cyl), type = "response"),
  logit_or_ci = confint(pairs(emmeans(m$logit, ~ cyl), type = "response", adjust = "none")),
  logit_link_pairs = pairs(emmeans(m$logit, ~ cyl)),
  logit_eff = contrast(emmeans(m$logit, ~ cyl), "eff", type = "response"),
  probit_pairs = pairs(emmeans(m$probit, ~ education), type = "response"),
  probit_resp = emmeans(m$probit, ~ education, type = "response"),
  cloglog_resp = emmeans(m$cloglog, ~ induced, type = "response"),
  cloglog_pairs = pairs(emmeans(m$cloglog, ~ induced)),
  counts_age = emmeans(m$counts, ~ agegp, type = "response"),
  counts_alc = pairs(emmeans(m$counts, ~ alcgp), type = "response"),
  counts_outer = emmeans(m$counts, ~ agegp, weights = "outer"),
  counts_cells = emmeans(m$counts, ~ agegp, weights = "cells"),
  counts_flat = emmeans(m$counts, ~ agegp, weights = "flat"),
  counts_joint = joint_tests(m$counts),
  offset_age = emmeans(m$offset, ~ Age, type = "response"),
  offset_zero = emmeans(m$offset, ~ Age, type = "response", offset = 0),
  offset_prop = emmeans(m$offset, ~ Group, weights = "proportional"),
  offset_pairs = pairs(emmeans(m$offset, ~ Age), type = "response"),
  nested_pen = emmeans(m$nested, ~ pen),
  nested_farm = emmeans(m$nested, ~ farm),
  nested_feed = emmeans(m$nested, ~ feed),
  nested_pairs = pairs(emmeans(m$nested, ~ pen)),
  nested_farm_pairs = pairs(emmeans(m$nested, ~ farm)),
  nested_joint = joint_tests(m$nested),
  nested2_pen = emmeans(m$nested2, ~ pen | farm),
  holes_cells = emmeans(m$holes, ~ wool * tension),
  holes_wool = emmeans(m$holes, ~ wool),
  holes_pairs = pairs(emmeans(m$holes, ~ wool | tension)),
  holes_joint = joint_tests(m$holes),
  dose_trend = emtrends(m$dose, ~ supp, "dose"),
  dose_logtrend = emtrends(m$dose, ~ supp, "log(dose)", at = list(dose = 1)),
  dosef_pairs = pairs(emmeans(m$dosef, ~ dosef | supp)),
  dosef_revpairs = pairs(emmeans(m$dosef, ~ supp | dosef), reverse = TRUE),
  odd_pairs = pairs(emmeans(m$odd, ~ tension)),
  odd_cld = cld(emmeans(m$odd, ~ tension), adjust = "sidak"),
  weights_eq = emmeans(m$weights, ~ tension),
  nb_resp = emmeans(m$nb, ~ Age | Sex, type = "response"),
  nb_pairs = pairs(emmeans(m$nb, ~ Age), type = "response"),
  sprays_cld = cld(emmeans(m$sprays, ~ spray, type = "response")),
  sprays_pairs = pairs(emmeans(m$sprays, ~ spray), type = "response"),
  sprays_ctrl = confint(contrast(emmeans(m$sprays, ~ spray), "trt.vs.ctrl", ref = "C"), adjust = "sidak"),
  inter_dose = emmeans(m$inter, ~ dose | supp, at = list(dose = c(0.5, 1, 2))),
  coerced_cyl = emmeans(m$coerced, ~ cyl),
  coerced_pairs = pairs(emmeans(m$coerced, ~ cyl)),
  coerced_trend = emtrends(m$coerced, ~ cyl, "wt"),
  three_gear = emmeans(m$three, ~ gear | vs),
  three_joint = joint_tests(m$three),
  three_cld = cld(emmeans(m$three, ~ cyl)),
  zero_mean = emmeans(m$zero, ~ fem),
  zero_count = emmeans(m$zero, ~ fem | mar, mode = "count"),
  zero_zero = emmeans(m$zero, ~ fem, mode = "zero"),
  zero_prob0 = emmeans(m$zero, ~ fem, mode = "prob0"),
  zero_pairs = pairs(emmeans(m$zero, ~ fem)),
  hurdle_mean = emmeans(m$hurdle, ~ fem),
  hurdle_count = pairs(emmeans(m$hurdle, ~ fem | mar, mode = "count")),
  multi_prob = emmeans(m$multi, ~ Sat | Infl),
  multi_latent = emmeans(m$multi, ~ Infl | Sat, mode = "latent"),
  multi_pairs = pairs(emmeans(m$multi, ~ Infl | Sat)),
  polr_latent = emmeans(m$polr, ~ Infl),
  polr_prob = emmeans(m$polr, ~ Infl | Sat, mode = "prob"),
  polr_cum = emmeans(m$polr, ~ Infl | cut, mode = "cum.prob"),
  polr_exc = emmeans(m$polr, ~ Infl | cut, mode = "exc.prob"),
  polr_mean = emmeans(m$polr, ~ Infl, mode = "mean.class"),
  polr_linear = emmeans(m$polr, ~ Infl | cut, mode = "linear.predictor"),
  polr_pairs = pairs(emmeans(m$polr, ~ Infl))
)

answer <- function(expression) {
  x <- quiet(eval(expression))
  text <- quiet(capture.output(print(x)))
  table <- if (inherits(x, "emm_list")) x$contrasts else x
  frame <- as.data.frame(quiet(if (inherits(table, "emmGrid")) summary(table) else table))
  frame[] <- lapply(frame, function(column) if (is.factor(column)) as.character(column) else column)
  list(text = paste(c(text, ""), collapse = "\n"), frame = as.list(frame))
}
out <- list(
  r = R.version.string,
  emmeans = as.character(packageVersion("emmeans")),
  data = lapply(data, function(d) lapply(d, function(x) {
    if (is.factor(x)) list(values = as.character(x), levels = levels(x), ordered = is.ordered(x)) else list(values = x)
  })),
  cases = lapply(cases, answer)
)
writeLines(toJSON(out, digits = I(17), na = "string", auto_unbox = TRUE), gzfile("emmeans.json.gz"))
