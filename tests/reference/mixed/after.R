# What follows a fit, at the exact minimum: anova, drop1 -> tests.json; lmerTest and emmeans -> satterthwaite.json; R2 and ICC -> r2.json;
# profile intervals -> profile.json.   usage (in this directory): LC_ALL=C.UTF-8 Rscript after.R tests|satterthwaite|r2|profile
# R 4.2.2 with lme4 1.1-31, lmerTest 3.1-3, emmeans 1.8.4, performance 0.10.2
source("exact.R"); source("table.R")
what <- commandArgs(TRUE)
ml <- function(id) { call <- named(calls[[id]]); if (call[[1]] == "lmer") call$REML <- FALSE; call }
frame <- function(t) c(list(rows = as.list(rownames(t))), lapply(as.list(t), function(v) as.list(as.numeric(v))))

tests <- function() {
  pairs <- list(c("sleep intercept", "sleep"), c("sleep bars ML", "sleep ML"), c("sleep mean", "sleep intercept"), c("pastes colon", "pastes"), c("cbpp null", "cbpp"), c("cbpp", "cbpp obs"), c("epil", "epil slope"), c("ticks crossed", "ticks nested"),
    c("machines", "machines factor slope"), c("orthodont centred", "orthodont"), c("contraception", "contraception slope"), c("crossed", "crossed three"))
  compare <- lapply(pairs, function(p) {
    m0 <- exact(ml(p[1])); m1 <- exact(ml(p[2])); m0@call$REML <- named(calls[[p[1]]])$REML; m1@call$REML <- named(calls[[p[2]]])$REML
    t <- anova(m0, m1); list(models = as.list(p), refitted = any(!grepl("REML = FALSE", calls[p], fixed = TRUE)) && grepl("^lmer", calls[[p[1]]]), table = frame(t), text = captured(print(t)))
  })
  for (name in c("lmer", "glmer")) assign(name, function(...) exact(sys.call()), envir = globalenv())       # what update() calls inside drop1
  drops <- lapply(c("sleep ML", "cake ML", "cbpp", "bacteria", "epil", "owls", "positive poisson", "positive weights ML", "crossed binary"), function(id) {
    m <- exact(ml(id)); t <- quiet(drop1(m, test = "Chisq")); plain <- quiet(drop1(m)); list(model = id, table = frame(t), text = captured(print(t)), plain = captured(print(plain)))
  })
  rm(lmer, glmer, envir = globalenv())
  sequential <- lapply(c("sleep", "cake", "oats", "cbpp", "verbagg", "positive gamma log", "machines"), function(id) { t <- anova(exact(calls[[id]])); list(model = id, table = frame(t), text = captured(print(t))) })
  write_json_to(list(versions = versions, compare = compare, drop1 = drops, sequential = sequential), "tests.json")
}
satterthwaite <- function() {
  suppressMessages({ library(lmerTest); library(emmeans) })
  versions$lmerTest <- as.character(packageVersion("lmerTest")); versions$emmeans <- as.character(packageVersion("emmeans"))
  out <- list()
  for (id in c("sleep", "sleep ML", "sleep bars", "sleep poly", "cake", "cake ML", "machines", "oats", "orthodont", "orthodont sum", "pastes", "penicillin ML", "dyestuff", "positive weights", "positive missing", "crossed", "inst service")) {
    m <- exact(calls[[id]]); names(m@call)[1] <- ""
    t <- as_lmerModLmerTest(m); s <- summary(t)
    r <- list(table = frame(as.data.frame(coef(s))), summary = captured(print(s)))
    if (length(attr(terms(m), "term.labels"))) for (type in c("I", "II", "III")) { a <- anova(t, type = type); r[[paste0("anova_", type)]] <- list(table = frame(a), text = captured(print(a))) }
    if (length(attr(terms(m), "term.labels"))) { d <- drop1(t); r$drop1 <- list(table = frame(d), text = captured(print(d))) }
    kr <- tryCatch(if (isREML(m) && nobs(m) < 400) frame(as.data.frame(coef(summary(t, ddf = "Kenward-Roger")))), error = function(e) NULL); r$kenward_roger <- kr
    spec <- list(cake = "~ recipe | temperature", "cake ML" = "~ recipe", machines = "~ Machine", oats = "~ N", "orthodont sum" = "~ Sex | age", orthodont = "~ Sex", "positive weights" = "~ h", crossed = "~ t", sleep = "~ Days")[[id]]
    if (!is.null(spec)) { e <- emmeans(t, as.formula(spec), lmer.df = "satterthwaite"); r$emmeans <- list(spec = spec, table = tidy_frame(as.data.frame(e)), text = captured(print(e))); if (id != "sleep") { p <- pairs(e); r$pairs <- list(table = tidy_frame(as.data.frame(p)), text = captured(print(p))) } }
    if (id %in% c("cake", "cake ML", "machines", "oats", "orthodont sum", "positive weights", "crossed")) r$joint <- captured(print(joint_tests(t, lmer.df = "satterthwaite")))
    out[[id]] <- r; cat(id, "\n")
  }
  means <- lapply(list(c("cbpp", "~ period"), c("bacteria", "~ trt"), c("owls", "~ FoodTreatment | SexParent"), c("positive gamma log", "~ h")), function(p) {
    m <- exact(calls[[p[1]]]); e <- emmeans(m, as.formula(p[2])); list(model = p[1], spec = p[2], text = captured(print(summary(e, type = "response"))), pairs = captured(print(pairs(e))))
  })
  write_json_to(list(versions = versions, models = out, means = means), "satterthwaite.json")
}
tidy_frame <- function(d) lapply(as.list(d), function(v) if (is.numeric(v)) as.list(as.numeric(v)) else as.list(as.character(v)))
r2 <- function() {
  suppressMessages(library(performance)); versions$performance <- as.character(packageVersion("performance")); versions$insight <- as.character(packageVersion("insight"))
  out <- list()
  for (id in setdiff(names(calls), c("verbagg", "verbagg slopes", "inst slope", "contraception slope"))) {
    m <- exact(calls[[id]], more_starts = 0); names(m@call)[1] <- ""
    v <- tryCatch(quiet(insight::get_variance(m, verbose = FALSE)), error = function(e) NULL); r <- tryCatch(quiet(r2_nakagawa(m)), error = function(e) NULL); i <- tryCatch(quiet(icc(m)), error = function(e) NULL); g <- tryCatch(quiet(icc(m, by_group = TRUE)), error = function(e) NULL)
    o <- if (isGLMM(m) && family(m)$family %in% c("poisson", "binomial")) tryCatch(quiet(check_overdispersion(m)), error = function(e) NULL)
    null <- if (isGLMM(m) && family(m)$link == "log" && !(family(m)$family %in% c("Gamma", "inverse.gaussian", "gaussian"))) {
      call <- named(calls[[id]]); call$formula <- as.formula(call$formula); f <- lme4::nobars(call$formula); off <- attr(terms(f), "offset")
      call$formula <- as.formula(paste(deparse(call$formula[[2]]), "~ 1", if (length(off)) paste("+", paste(rownames(attr(terms(f), "factors"))[off], collapse = "+")), "+", paste0("(", sapply(findbars(call$formula), deparse, 500), ")", collapse = " + ")))
      if (call[[1]] == "glmer.nb") { call[[1]] <- quote(glmer); call$family <- bquote(MASS::negative.binomial(.(attr(m, "theta_nb")))) }
      unname(fixef(exact(call, more_starts = 0)))
    }
    out[[id]] <- list(null = null, variance = if (length(v) > 1) lapply(v, function(x) as.list(as.numeric(x))), r2_conditional = unname(r$R2_conditional), r2_marginal = unname(r$R2_marginal), icc_adjusted = if (is.list(i)) i$ICC_adjusted, icc_unadjusted = if (is.list(i)) i$ICC_unadjusted,
      by_group = if (is.data.frame(g)) list(group = as.list(g$Group), icc = as.list(g$ICC)), overdispersion = if (!is.null(o)) list(chisq = o$chisq_statistic, ratio = o$dispersion_ratio, df = o$residual_df, p = o$p_value))
    cat(id, "\n")
  }
  write_json_to(list(versions = versions, models = out), "r2.json")
}
limits <- function(id) {                # exact: where the constrained minimum has risen by the quantile
  call <- ml(id); m <- exact(call); lmm <- isLMM(m); n <- lengths(m@cnms); q <- sqrt(qchisq(0.95, 1)); fe <- fixef(m); base <- -2 * as.numeric(logLik(m))
  if (lmm) { dd <- lme4:::devfun2(m, useSc = TRUE); opt <- attr(dd, "optimum")[seq_len(length(m@theta) + 1)]; f <- function(x) dd(x) } else {
    f0 <- { args <- arguments(call); args$nAGQ <- NULL; args$family <- family(m); parsed <- quiet(do.call(glFormula, args)); devfun <- do.call(mkGlmerDevfun, c(parsed, list(control = glmerControl())))
      settled(updateGlmerDevfun(devfun, parsed$reTrms, nAGQ = if (is.null(call$nAGQ)) 1L else as.integer(call$nAGQ))) }
    nth <- length(m@theta); opt <- c(setNames(lme4:::Cv_to_Sv(m@theta, n = n), lme4:::profnames(m, useSc = FALSE)), fe)
    f <- function(x) f0(c(lme4:::Sv_to_Cv(x[seq_len(nth)], n = n), x[-seq_len(nth)])); base <- f(opt)
  }
  cor <- grepl("cor_", c(lme4:::profnames(m, signames = FALSE, useSc = lmm), if (!lmm) rep("", length(fe))), fixed = TRUE)
  low <- ifelse(cor, -1, if (lmm) 0 else c(rep(0, length(m@theta)), rep(-Inf, length(fe)))); if (!lmm && any(cor)) low[cor] <- -1
  if (lmm) low[length(low)] <- 0.1 * opt[length(opt)]      # no sigma of zero: a NaN would stay in lme4's objects
  high <- ifelse(cor, 1, Inf)
  se <- pmax(0.05 * abs(opt), 0.02)
  side <- function(i, direction) {
    state <- opt[-i]; worst <- list(0, state)
    z <- function(v) { o <- NULL; for (s in list(state, opt[-i], pmin(pmax(state * 1.03 + 0.01, low[-i]), high[-i]))) { r <- nlminb(s, function(x) { y <- opt; y[i] <- v; y[-i] <- x; k <- f(y); if (is.finite(k)) k else 1e10 }, lower = low[-i], upper = high[-i], control = list(rel.tol = 1e-14, x.tol = 1e-12, eval.max = 2000, iter.max = 1000)); if (is.null(o) || r$objective < o$objective) o <- r }
      state <<- o$par; sqrt(max(0, o$objective - base)) - q }
    far <- opt[i]; step <- se[i]; edge <- if (direction < 0) low[i] else high[i]; edge_in <- if (is.finite(edge)) edge - direction * if (cor[i]) 1e-9 else 0 else edge
    repeat { from <- far; far <- far + direction * step; step <- step * 1.6; at_edge <- direction * (far - edge_in) >= 0; if (at_edge) far <- edge_in; d <- z(far); if (d >= 0) break; if (at_edge) return(NA) }
    r <- tryCatch(uniroot(z, sort(c(from, far)), tol = 1e-11 * max(1, abs(far))), error = function(e) { repeat { far <<- far + direction * step; if (z(far) >= 0) break }; uniroot(z, sort(c(from, far)), tol = 1e-11 * max(1, abs(far))) }); r$root
  }
  lower <- upper <- c(); for (i in seq_along(opt)) { lower[i] <- side(i, -1); upper[i] <- side(i, 1) }
  names(lower) <- names(upper) <- names(opt)
  if (lmm) {
    X <- getME(m, "X")
    for (j in seq_along(fe)) {
      z <- function(b) {
        resp <- lme4:::lmerResp$new(y = getME(m, "y"), weights = m@resp$weights, offset = as.numeric(m@resp$offset + X[, j] * b), REML = 0L)
        La <- m@pp$Lambdat; La@x <- La@x + 0                # lme4 writes into them
        pp <- lme4:::merPredD$new(X = X[, -j, drop = FALSE], Zt = m@pp$Zt, Lambdat = La, Lind = m@pp$Lind, theta = m@theta + 0, n = nrow(X))
        d <- lme4:::mkdevfun(list2env(list(pp = pp, resp = resp)), 0L); r <- nlminb(m@theta + 0, d, control = list(rel.tol = 1e-14, x.tol = 1e-12)); sqrt(max(0, r$objective - base)) - q }
      s <- sqrt(vcov(m)[j, j]); up <- 1; while (z(fe[j] + up * q * s) < 0) up <- up * 1.5; dn <- 1; while (z(fe[j] - dn * q * s) < 0) dn <- dn * 1.5
      upper[names(fe)[j]] <- uniroot(z, fe[j] + c(0, up * q * s), tol = 1e-12 * s)$root; lower[names(fe)[j]] <- uniroot(z, fe[j] - c(dn * q * s, 0), tol = 1e-12 * s)$root
    }
  }
  list(lower = lower, upper = upper, model = m)
}
profile_limits <- function(ids = c("sleep ML", "sleep", "sleep bars", "sleep intercept", "dyestuff", "dyestuff2", "pastes", "penicillin", "machines", "positive weights ML", "positive offset argument", "cbpp null", "cbpp", "bacteria AGQ15", "positive binomial", "positive weighted poisson")) {
  out <- list()
  for (id in ids) {
    t0 <- proc.time()[[3]]; l <- tryCatch(limits(id), error = function(e) { cat("ERROR", id, conditionMessage(e), "\n"); NULL }); if (is.null(l)) next; t1 <- proc.time()[[3]]
    m <- l$model; names(m@call)[1] <- ""
    own <- tryCatch(quiet(confint(m, quiet = TRUE)), error = function(e) conditionMessage(e)); t2 <- proc.time()[[3]]
    wald <- confint(m, method = "Wald")
    out[[id]] <- list(names = as.list(names(l$lower)), new_names = as.list(c(lme4:::profnames(m, signames = FALSE, useSc = isLMM(m)), names(fixef(m)))), lower = as.list(unname(l$lower)), upper = as.list(unname(l$upper)), lme4 = if (is.matrix(own)) lapply(seq_len(nrow(own)), function(i) as.list(unname(own[i, ]))) else own,
      text = if (is.matrix(own)) captured(print(own)), wald = lapply(seq_len(nrow(wald)), function(i) as.list(unname(wald[i, ]))), wald_text = captured(print(wald)))
    cat(sprintf("%-26s exact %.1fs lme4 %.1fs  gap %s\n", id, t1 - t0, t2 - t1, if (is.matrix(own)) paste(format(c(own[, 1] - l$lower, own[, 2] - l$upper), digits = 2), collapse = " ") else own))
  }
  write_json_to(list(versions = versions, models = out), "profile.json")
}
if (what[1] != "none") switch(what[1], tests = tests(), satterthwaite = satterthwaite(), r2 = r2(), profile = if (length(what) > 1) profile_limits(what[-1]) else profile_limits())
