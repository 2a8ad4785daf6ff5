# Writes data/<name>.csv (.csv.gz where large) and data/schema.json: lme4's data sets and their kin, and two drawn with fixed seeds,
# in the form of ../models/data.    usage (in this directory): Rscript data.R      R 4.2.2 with lme4, MASS, nlme, glmmTMB, mlmRev
get_data <- function(name, package) { e <- new.env(); data(list = name, package = package, envir = e); d <- as.data.frame(get(name, envir = e)); rownames(d) <- NULL; d }
frames <- list()
for (name in c("sleepstudy", "cbpp", "Dyestuff", "Dyestuff2", "Pastes", "Penicillin", "grouseticks", "Arabidopsis", "cake", "VerbAgg")) frames[[name]] <- get_data(name, "lme4")
frames$cbpp$obs <- factor(seq_len(nrow(frames$cbpp)))
inst <- get_data("InstEval", "lme4")
frames$InstPart <- droplevels(inst[as.integer(inst$s) %% 12 == 1, ])       # every twelfth student: 6,000 rows
rownames(frames$InstPart) <- NULL
frames$epil <- get_data("epil", "MASS")[, c("y", "trt", "base", "age", "V4", "subject", "period", "lbase", "lage")]
frames$bacteria <- get_data("bacteria", "MASS")
frames$oats <- get_data("oats", "MASS")
frames$Machines <- get_data("Machines", "nlme"); frames$Machines$Worker <- factor(as.character(frames$Machines$Worker))
frames$Orthodont <- get_data("Orthodont", "nlme"); frames$Orthodont$Subject <- factor(as.character(frames$Orthodont$Subject))
owls <- get_data("Owls", "glmmTMB"); frames$Owls <- owls[, c("Nest", "FoodTreatment", "SexParent", "ArrivalTime", "SiblingNegotiation", "BroodSize")]
frames$Contraception <- get_data("Contraception", "mlmRev")

set.seed(20140611)                       # positive responses in groups, with what a fit may carry beside them
n <- 240
positive <- data.frame(x = round(rnorm(n), 3), z = round(runif(n), 3), g = factor(sample(letters[1:15], n, TRUE)), h = factor(sample(c("p", "q", "r"), n, TRUE)),
                       w = sample(1:4, n, TRUE), v = round(runif(n, 0.4, 2.5), 3), o = round(rnorm(n, sd = 0.3), 2), time = round(runif(n, 0.5, 4), 2))
b <- rnorm(15, sd = 0.6); s <- rnorm(15, sd = 0.3)
eta <- with(positive, 0.7 + 0.4 * x - 0.5 * z + c(0, 0.3, -0.2)[h] + b[g] + s[g] * x)
positive$gam <- signif(rgamma(n, shape = 4, scale = exp(eta) / 4), 5)
draw_ig <- function(mu, lambda) { y <- rnorm(length(mu))^2; x <- mu + mu^2 * y / (2 * lambda) - mu / (2 * lambda) * sqrt(4 * mu * lambda * y + mu^2 * y^2); ifelse(runif(length(mu)) <= mu / (mu + x), x, mu^2 / x) }
positive$ig <- signif(draw_ig(exp(eta), 6), 5)
positive$inv <- signif(rgamma(n, shape = 6, scale = 1 / (6 * (1.5 + 0.3 * positive$z + 0.12 * b[positive$g]))), 5)
positive$count <- rpois(n, exp(eta + log(positive$time)))
positive$nb <- rnbinom(n, size = 1.8, mu = exp(eta + log(positive$time)))
positive$size <- sample(1:12, n, TRUE)
positive$hits <- rbinom(n, positive$size, plogis(eta - 0.7))
positive$yes <- factor(ifelse(runif(n) < plogis(eta - 0.6), "yes", "no"))
positive$y <- round(10 * eta + 3 * rnorm(n), 3)
positive$xm <- positive$x; positive$xm[sample(n, 13)] <- NA
positive$gm <- positive$g; positive$gm[sample(n, 8)] <- NA
frames$positive <- positive

set.seed(19970823)                       # two crossed factors of some size, unbalanced
n <- 900
crossed <- data.frame(a = factor(sprintf("a%02d", sample(40, n, TRUE))), b = factor(sprintf("b%02d", sample(25, n, TRUE))), x = round(rnorm(n), 3), t = factor(sample(c("low", "mid", "high"), n, TRUE), levels = c("low", "mid", "high")))
u <- rnorm(40, sd = 1.2); ux <- rnorm(40, sd = 0.5); k <- rnorm(25, sd = 0.8)
eta <- with(crossed, 1 + 0.5 * x + c(0, -0.4, 0.7)[t] + u[a] + ux[a] * x + k[b])
crossed$y <- round(eta + rnorm(n), 3)
crossed$count <- rpois(n, exp(0.4 * eta))
crossed$hit <- rbinom(n, 1, plogis(eta - 1))
frames$crossed <- crossed

kind <- function(x) {
  if (is.ordered(x)) "ordered" else if (is.factor(x)) "factor" else if (is.integer(x)) "integer" else if (is.numeric(x)) "numeric" else stop("kind")
}
number <- function(x) {                  # the shortest text that reads back as the same double
  out <- character(length(x))
  for (i in seq_along(x)) for (d in 1:17) { s <- formatC(x[i], digits = d, format = "g", width = -1); if (is.na(x[i]) || as.numeric(s) == x[i]) { out[i] <- s; break } }
  out[is.na(x)] <- "NA"
  out
}
json_string <- function(x) paste0('"', gsub('(["\\\\])', "\\\\\\1", x), '"')
entries <- character()
for (name in sort(names(frames), method = "radix")) {
  d <- frames[[name]]
  text <- as.data.frame(lapply(d, function(x) if (kind(x) == "numeric") number(as.vector(x)) else ifelse(is.na(x), "NA", as.character(x))), optional = TRUE)
  names(text) <- names(d)
  target <- file.path("data", paste0(name, ".csv"))
  write.csv(text, target, row.names = FALSE, quote = which(vapply(text, function(s) any(grepl('[",]', s)), NA)))
  if (file.size(target) > 60000) system(paste("gzip -n9f", target))
  columns <- vapply(names(d), function(v) {
    levels <- if (is.factor(d[[v]])) paste0(', "levels": [', paste(json_string(levels(d[[v]])), collapse = ", "), "]") else ""
    paste0('{"name": ', json_string(v), ', "kind": "', kind(d[[v]]), '"', levels, "}")
  }, "")
  entries <- c(entries, paste0(json_string(name), ": {\"rows\": ", nrow(d), ", \"named_rows\": false, \"columns\": [\n  ", paste(columns, collapse = ",\n  "), "]}"))
}
writeLines(c("{", paste(entries, collapse = ",\n"), "}"), "data/schema.json")
