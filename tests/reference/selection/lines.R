# How deparse() breaks long formulas into lines -> lines.txt: each formula behind a #, then its lines.
# usage (R >= 4.6): Rscript lines.R
f <- c(
"y ~ aaaaaaaaaaaaaaaaaaa + bbbbbbbbbbbbbbbbbbbbbbbbbb + cccccccccccccccccccccccccc + dddddddddddddddddddddddddddd + eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee + ffffffffffffffffffffffffffff",
"y ~ log(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa + bbbbbbbbbbbbbbbbbbbbbbbbbbbbb + ccccccccccccccccccccccccc + dddddddddddddddddddd) + eeeee + ff",
"cbind(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, ccccccccccccccccccccc) ~ eeeee + ff",
"cbind(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb) ~ eeeee + ff",
"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ~ eeeee + ff",
"y ~ aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb:ccccccccccccccccc + dddd:eeee + f*g*hhhhhhhhhhhhhhhhhhhhhhhhhh*iiiiiiiiiiiiiiiiiiiiiiiiii*j",
"y ~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + x10 + x11 + x12 + x13 + x14 + x15 + x16 + x17 + x18 + x19 + x20",
"y ~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + x10 + x11 + (aaaaaaaaaaaa + bbbbbbbbbbbbbb + cccccccccccccc + ddddddddddd)^2 - eeeeeeeeeeeeeeee",
"y ~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + I(aaaaaaaaaa > bbbbbbbbbbbbbbbbbbbb & ccccccccccccccc | eeeeeeeeeeeeee == fffffffffffffff) + g %in% hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh + k %in% l",
"y ~ x1 + x2 + x3 + poly(xxxxxxxxxxxx, degree = 3, raw = TRUE, simple = FALSE, coefs = NULL, something = 1, other = c(1, 2, 3, 4, 5, 6, 7)) + z",
"y ~ x1 + x2 + x3 + `a b c d e f g h i j k l m n o p q r s t u v w x y z` + `ä ö ü aaaaaaaaaaaaaaaaaaaaaaaa` + z + ä + w",
"y ~ x1 + ääääääääääääääääääääääääääääääää + öööööööööööööööööööööö + üüüüüüüüü + z + ä + w",
"y ~ cut(xxxxxxxxxxxxxxxxxxxxxx, breaks = c(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22), labels = FALSE) + a %/% bbbbbbbbbbbbb %% ccccccccccccccc / dddddddddddddddddddd - eeeeeeeeeeeeeeeeeeeeeee * fffffffffffffff",
"y ~ -aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa + x[aaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbb, cccccccccccccccccc, ddddddddddddddddd] + e + d$fffffffffff + (g + hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh + i)",
"~ aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa + b + c",
"y ~ f(g(h(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, c + ddddddddddddddddddddddddddddddddddddddddddddddddddddddddd + e + f), kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk, l), m) + n",
"y ~ a + !bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb + c %o% ddddddddddddddddddddddddddddddddddddddddddddddddddddddd %o% e + stats::ffffffff(a)"
)
set.seed(1)
for (i in 1:40) {
 v <- function() paste(sample(c(letters,"."), sample(1:14,1), TRUE), collapse="")
 nm <- function() paste0("v", v())
 f <- c(f, paste("y ~", paste(replicate(sample(6:20,1), switch(sample(7,1), nm(), nm(), paste0("log(", nm(), ")"), paste0(nm(), ":", nm()), paste0("I(", nm(), " + ", nm(), "^2 * ", nm(), ")"), paste0("ns(",nm(),", df = ", sample(9,1), ", knots = c(", sample(99,1), ", ", sample(999,1),"))"), paste0("(", nm(), " + ", nm(), ")^2"))), collapse=" + ")))
}
con <- file("lines.txt","w")
for (s in f) { e <- str2lang(s); writeLines(c(paste0("#", s), deparse(e)), con) }
close(con)
