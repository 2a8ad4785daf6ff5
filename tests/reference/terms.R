# What R makes of formulas: deparse, terms.formula, update.formula. Base R only.
# Run in this folder:  Rscript terms.R   (stored output: R 4.6)   -> terms.json

quoted <- function(x) {
  x <- gsub("\\", "\\\\", x, fixed = TRUE)
  x <- gsub("\"", "\\\"", x, fixed = TRUE)
  for (p in list(c("\n", "\\n"), c("\t", "\\t"), c("\r", "\\r"), c("\a", "\\u0007"), c("\b", "\\b"), c("\f", "\\f"), c("\v", "\\u000b")))
    x <- gsub(p[1], p[2], x, fixed = TRUE)
  paste0("\"", x, "\"")
}
array <- function(x) paste0("[", paste(x, collapse = ","), "]")
strings <- function(x) array(if (length(x)) quoted(x) else character(0))
object <- function(...) { x <- c(...); paste0("{", paste0(quoted(names(x)), ": ", x, collapse = ", "), "}") }
text <- function(e) paste(deparse(e, width.cutoff = 500, backtick = TRUE), collapse = " ")

## ---- deparse -------------------------------------------------------------------------------------------------------
expressions <- c(
  "a+b", "a:b", "x^2", "x**2", "a%in%b", "hp%/%50", "hp%%2", "a%o%b", "a %foo% b", "-x", "!x", "- -x", "-(x)", "+x", "!(!x)",
  "a-b", "a*b", "a/b", "a<b", "a==b", "a!=b", "a>=b", "a<=b", "a>b", "a&b", "a&&b", "a|b", "a||b", "y~x", "~x", "I(x^2)",
  "f(x,k=3)", "f(x,'k a'=3)", "f(`k a`=3)", "'it\\'s'", "\"a\\nb\\t\\\\ \"", "1e5", "100000", "123456", "0.1", "1e-5", "0.0001",
  "3L", "1e5L", "0x10", "0x10L", "0xFFp-2", "0x1.8p3", "1e15", "1e16", "123456789012", "1234567890123456789", "0.1+0.2", "1/3",
  "0.333333333333333333", "TRUE", "FALSE", "T", "F", "pi", "NULL", "NA", "NA_integer_", "NA_real_", "NA_character_", "Inf", "NaN",
  "-Inf", "`x 1`", "`if`", "x.1", "x_1", ".x", "`_x`", "`x`", "x[1]", "x[1,2]", "x[[1]]", "x$a", "x$`a b`", "x$a.b$c",
  "splines::ns(x)", "splines::ns(x,df=3)", "stats::`my f`(x)", "`my f`(x)", "(a+b)", "((a))", "-2^2", "-1:3", "(-1):3", "a^b^c",
  "(a^b)^c", "a-(b-c)", "a-b-c", "a/b/c", "a/(b/c)", "!a&b", "!a==b", "-a:b", "-a%in%b", "a:b:c", "~a+b", "y~a|b", "f()", "-x^2",
  "(-x)^2", "2^-1", "2^-x", "a*-b", "a+-b", "a--b", "a- -b", "a^!b", "!a+b", "f(!a)", "-!a", "!-a", "1e300*10", "5.0", "5.", "0.50",
  ".5", "1e+5", "1E5", "1e05", "if_else(a)", "cut(x,c(0,1,Inf))", "c(a=1,2)", "c('a'=1)", "c(`a b`=1)", "poly(x,2,raw=TRUE)",
  "x%*%y", "\u00e9+1", "`\u00e9`+`\u00e9 1`", "'\u00e9'", "'\\u00e9'", "'\\x41'", "'\\101'", "y~-x", "y~(a|b)", "a<b&c", "-a<b",
  "f(NULL=1)", "`+`(a,b)", "`+`(a)", "`[`(a,1)", "`(`(a)", "`foo bar`+1", "`-`(a,b,c)", "`*`(a+b,c)", "`^`(a^b,c)", "`-`(a,b-c)",
  "`:`(a+b,c)", "`!`(a+b)", "`-`(a+b)", "`%in%`(a|b,c)", "`&`(a|b,c)", "`[`(a+b,1)", "`$`(a,b)", "f(x)[1]", "f(x)$a", "x$a$b",
  "x[1][2]", "(x)[1]", "a%%b*c", "a*b%%c", "(a*b)%%c", "a*(b%%c)", "a^(b)", "-(a+b)", "!(a|b)", "a+(b+c)", "`a+b`", "`1`", "`TRUE`",
  "`T`", "`.1a`", "`a.b`", "`_`", "`a`:`b c`", "f(`a b`)", "f(a,b=c+d,-1)", "-1L", "+1", "- 1", "1e-15", "0.1234567890123456789",
  "100", "1000", "1e3", "10000", "12345678", "1e8", "123456.7", "1234567.8", "0.00001234", "0.000123", "0.001", "1e22", "1e23",
  "3.14159265358979", "2147483648", "2147483647L", "'\"'", "'\\''", "\"'\"", "'a\\\\b'", "'\\a\\b\\f\\v'", "a%in%b%in%c", "a%/%b/c",
  "x[[\"a\"]]", "x[a=1]", "x[2,drop=FALSE]", "ifelse(x>1&!y,'a',\"b\")", "a!=-b", "-a+b", "-(a)+b", "(-a)+b", "-a*b", "a*(-b)",
  "-a^b", "(-a)^b", "!a", "!!a", "--a", "-+a", "~!a", "a~!b", "!a~b", "(!a)+b", "(-a):b", "a:-b", "a^-b^c", "a^-b:c", "a%%-b",
  "-a%%b", "-a$b", "!a$b", "-a[1]", "a:(b+c)", "a^b[1]", "a$b^2", "2^-1:3", "a*!b+c", "f(-a)", "-f(a)", "-1^2", "1:-1", "!a:b",
  "!a %in% b", "f(~a)", "f(a~b,c)", "log(x+1)/2", "x # comment", "(x # comment\n + y)", "f(x,\n  y)", "a && !b || c", "1e-4*x",
  "150000*x", "f(1e6,2e-7,1000000L)", "a<(b<c)", "(a<b)==c", "factor(x,levels=c('a','b'))", "f(g(h(x)))", "x>150&x<1e5")
deparsed <- vapply(expressions, function(e) text(parse(text = e, keep.source = FALSE)[[1]]), "")
expression_lines <- paste0("[", quoted(expressions), ", ", quoted(deparsed), "]")

## ---- terms ---------------------------------------------------------------------------------------------------------
plain <- c(
  "y~a+b", "y~a*b*c", "y~(a+b+c)^2", "y~(a+b+c)^3-a:b", "y~b %in% a", "y~a + b %in% a", "y~a+b+c %in% a", "y~a+c %in% (a+b)",
  "y~c %in% (a*b)", "y~ a %in% b %in% c", "y~a/b", "y~a/b/c", "y~(a+b)/c", "y~a/(b+c)", "y~a*b-a", "y~a+a:b", "y~a:b", "y~0+a",
  "y~a-1-1", "y~a-1+1", "y~-1+a+1", "y~a-(b-1)", "y~a-(1-1)", "y~-(a-1)", "y~+a", "y~-a", "y~a+b-a", "y~a-b", "y~1", "y~0", "y~-1",
  "y~1-1", "y~0-1", "y~-0", "y~a+TRUE", "y~a+FALSE", "y~a+1L", "y~a+0L", "y~2", "y~a+2", "y~'a'", "y~a+NULL", "y~NULL", "y~a^1",
  "y~a^2", "y~(a+b)^0", "y~(a+b)^1.5", "y~(a+b)^b", "y~(a+b)^-1", "y~(a+b)^2L", "y~(a+b)^TRUE", "y~(a+b)^(2)", "y~(a+b)^2.9",
  "y~(a+b)^'2'", "y~(a+b)^NA", "y~(a+b)**3", "y~offset(a)", "y~offset(a)+b", "y~b+offset(a)+offset(log(c))", "y~b*offset(a)",
  "y~b:offset(a)", "y~b-offset(a)", "y~a+b+a:offset(c)", "y~a*b*offset(c)", "y~offset(a)*b+c", "offset(y)~a", "y~offset(a)-1",
  "~offset(a)", "y~offset", "y~a+offset(a)+offset(a)", "y~(a+offset(c))^2", "y~a/offset(c)", "y~offset(c)/a", "y~a:b:offset(c)+a:b",
  "y~y", "y~y+a", "y~a*y", "y~a+y:a", "y~y:a", "y~a+log(y)", "log(y)~y+a", "log(y)~log(y)+a", "y~a+y-y", "y~a*b*y", "y~y*offset(a)",
  "cbind(y,a)~y+a", "cbind(y,a)~cbind(y,a)+b", "y~offset(y)", "y~offset(y)+y+a", "~a", "~a+b", "~0", "~1", "y~a|b", "y~(1|a)+b",
  "y~a>20", "y>20~a", "y ~ a == b", "y~a&b", "y~!a", "y~a%%2", "y~a%/%2+b", "y~a$b", "y~a[1]", "y~-a+b", "y~b-a+a", "y~(a+b):c",
  "y~c:(a+b)", "y~b:a", "y~a+b+b:a", "y~b:a+a:b", "y~a:a", "y~a:a:b", "y~a*a", "y~a:b:a", "y~a+b:a+c", "y~a:b+c", "y~c+b:a",
  "y~a:b:c+a:c+b", "y~c:b+a", "y~1+a:b", "y~(a+b)*(b+c)", "y~(a+b+c)^2/a", "y~a*1", "y~a*0", "y~a/1", "y~(a+1)^2", "y~(a-1)^2",
  "y~(a+0)^2", "y~(a-1)*b", "y~(a-1):b", "y~b*(a-1)", "y~a%in%1", "y~(a-1)/b", "y~((a))", "y~(a):(b)", "y~ (a+b)-(a)", "y~a*b-(a+b)",
  "y~a-(b+a)", "y~a-a:b", "y~a*b*c-a:b:c", "y~a*b-b:a", "y~I(a)+I(a)", "y~I(a)+I( a )", "y~`a`+a", "y~`a b`:a", "y~`a+b`+a",
  "y~poly(a,2)+poly(a,2,raw=TRUE)", "y~log(a)*b", "y~f(a+b,c)", "y~~a", "y~(~a)", "(a+b)~c", "a+b~c", "a:b~a+b", "-y~a", "'y'~a",
  "2~a", "y~.", "y~.+a", "~.", "y~.^2", "y~.-a", "log(y)~.:a", "y~(a-a)*b", "y~b*(a-a)", "y~(a-a):b", "y~(a-a)/b", "y~(a-a)%in%b",
  "y~a+(b+c)-(b-c)", "y~-(-a)", "y~b-(-a)", "y~a-(-1)", "y~T+F", "y~pi+a", "Time~Time:Diet2+Diet", "y~splines::ns(a,3)*b",
  "cbind(ncases,ncontrols)~agegp*alcgp", "y~ns(a,df=4)+factor(b)*I(c^2)", "`y 1`~`x 1`*`x 2`", "y~a*b+offset(log(n))-1",
  "y~(a+b+c+d)^4", "y~(a+b+c+d)^3-a:b:c", "y~(a*b+c)^2", "y~(a:b+c)^2", "y~(c+b+a)^2+a:c", "y~d:c+(a+b)^2", "y~a/b-a", "y~a*b/c",
  "y~(a+b)%in%c", "y~(a+b)%in%(c+d)", "y~a/(b*c)", "y~(a/b)^2", "y~(a/b):c", "y~log(a)+log(a):b+b", "y~ifelse(a>1&!b,0,1):c",
  "(y~a)", "y~a:b+b:c+c:a", "y~a:b:c", "y~a:b:c+a", "y~a:b:c+a:b", "y~a:b:c+a+b+c", "y~a:b:c+a:b+b:c+a:c", "y~0+a:b:c+a:b", "y~0+a:b",
  "y~a-1+a:b", "y~(a+b+c)^2-b", "y~a*b*c-a", "y~a*b*c-a-b", "y~a*b*c-a:b-c")
dotted <- c(
  "y~.", "~.", "y~.-a", "y~.^2", "y~.*a", "y~.:a", "log(y)~.", "cbind(y,a)~.", "y~.+log(a)", "y~I(a)+.", "y~.+offset(a)",
  "y~.-offset(a)", "y+a~.", "y/a~.", "y~a+.", "y~c+.", "y~(.)^2", "y~-1+.", "y~0+.", "y~.-1", "y~.+.", "y~.:.", "y~.*.", "y~a*.",
  "y~a/.", "y~./a", "y~a%in%.", "y~.%in%a", "y~b%in%.", "log(.)~a", "y~log(.)", "y~I(.)+a", ". ~ a", ".~.", "y~.^2-a:b", "y>2~.",
  "y[a]~.", "y~.-b-c", "y~.-y", "y~y+.", "y~.+y", "y~(.-a)^2", "y~-(.)", "y~-.", "y~+.", "z~.", "y~.-z", "y~.+z", "y~poly(.,2)",
  "y~c:.", "y~.|a", "I(y)~.", "log(y+a)~.", "f(y,k=a)~.", "y$a~.", "~.+a", "y~1+.", "y~.+0", "y~.+a-1", "y~.+a+b", "y~(.+a)^2",
  "y~.:a+b", "y~.-a+b", "y~(.)-a", "y~((.))^2", "y~((.)+a)", "y~(.+a)", "y~(.+a)+b", "y~.*a+.", "y~a-.", "y~a-(.)", "y~a:b+.",
  "y~.+a:b", "y~.^2+log(a)", "y~(.)+a", "y~-1+(.)", "y~.+a*b", "y~(a+.):c", "y~.%in%a+b", "y~a+(.)", "y~a:(.)", "y~1+(.)^2",
  "log(log(y))~.-1", "y~.^3", "y~(.-c)*a")
frames <- list(c("y", "a", "b", "c"), c("y", "x 1", "a.b", "_z", "if"), "y", c("y", "a"))

set.seed(46)
pick <- function(x) x[[sample.int(length(x), 1)]]
leaf <- function(dot) pick(c("a", "b", "c", "d", "e", "a", "b", "c", "log(a)", "I(b^2)", "`x 1`", "factor(d)", "offset(c)",
  "offset(log(e))", "poly(a, 2)", "(a > 1)", "y", "1", "0", if (dot) c(".", ".", ".")))
tree <- function(depth, dot) {
  if (depth == 0 || runif(1) < .15) return(leaf(dot))
  l <- tree(depth - 1, dot); r <- tree(depth - 1, dot)
  switch(sample.int(9, 1, prob = c(5, 3, 3, 2, 1, 2, 1, .5, 3)),
    paste(l, "+", r), paste0("(", l, "):(", r, ")"), paste0("(", l, ") * (", r, ")"), paste0("(", l, ") / (", r, ")"),
    paste0("(", l, ") %in% (", r, ")"), paste0(l, " - (", r, ")"), paste0("(", l, ")^", pick(2:3)), paste0("-(", l, ")"),
    paste0(l, " + ", r, pick(c(" - 1", " + 0", " - a", " + 1", ""))))
}
# a constant multiplied into a term loses variables in R without a word: an error in this package
forms <- function(n, dot) {
  out <- character()
  while (length(out) < n) {
    f <- paste(pick(c("y", "log(y)", "cbind(y, a)", "y > 1", "")), "~", tree(pick(2:4), dot))
    if (!grepl("\\((0|1)\\)", f) && !grepl("\\((0|1)\\):", f) && !f %in% out && nchar(f) < 300) out <- c(out, f)
  }
  out
}
record <- function(f, data) tryCatch({
  d <- if (length(data)) as.data.frame(setNames(rep(list(1), length(data)), data), check.names = FALSE, optional = TRUE)
  t <- suppressWarnings(if (length(data)) terms(as.formula(f), data = d) else terms(as.formula(f)))
  at <- attributes(t)
  object(formula = quoted(f), data = if (length(data)) strings(data) else "null", text = quoted(text(formula(t))),
    variables = strings(vapply(as.list(at$variables)[-1], text, "")),
    labels = strings(at$term.labels), order = array(at$order), intercept = at$intercept, response = at$response,
    offset = array(at$offset - 1),
    factors = array(if (length(at$term.labels)) apply(at$factors, 2, array)))
}, error = function(e) object(formula = quoted(f), data = if (length(data)) strings(data) else "null", error = quoted(conditionMessage(e))))
term_lines <- c(vapply(c(plain, forms(300, FALSE)), record, "", NULL),
  unlist(lapply(frames, function(d) vapply(dotted, record, "", d))),
  vapply(forms(100, TRUE), record, "", c("y", "a", "b", "c", "d", "x 1", "e")))

## ---- update --------------------------------------------------------------------------------------------------------
updates <- list(
  c("y~a", ".~.+b"), c("y~a+b", ".~.-a"), c("y~a*b", ".~.-a:b"), c("y~a", "log(.)~."), c("y~a+b", ".~.^2"), c("y~a", ".~.:b"),
  c("y~a+b", "~.+c"), c("y~a", "z~."), c("y~a+offset(b)", ".~.+c"), c("y~a+b", ".~.-1"), c("y~a-1", ".~.+1"), c("y~a-1", ".~.+b"),
  c("y~a", ".~b"), c("log(y)~a", ".~.+b"), c("y~a+b+c", ".~.-(a+b)"), c("y~a/b", ".~."), c("y~a%in%b", ".~."), c("y~(a+b)^2", ".~."),
  c("y~1", ".~.+a"), c("y~0", ".~.+a"), c("y~a", ".~.-a"), c("y~a", ".~.-a-1"), c("y~a", ".~1"), c("~a", ".~.+b"), c("~a", "y~."),
  c("y~a", "~."), c("y~.", ".~.+b"), c("y~a+b:c", ".~.*d"), c("y~a", ".+1~."), c("y~a", "sqrt(.)~."), c("cbind(y,z)~a", ".~.+b"),
  c("y~offset(a)", ".~."), c("y~offset(a)+b+offset(c)", ".~."), c("y~b+offset(a)-1", ".~."), c("y~a+offset(b)", ".~.-offset(b)"),
  c("y~a*b*c", ".~."), c("y~a+I(a^2)", ".~.-I(a^2)"), c("y~`x 1`+a", ".~."), c("`x 1`~a", ".~.+`b c`"), c("y~poly(a,2)", ".~.+b"),
  c("y~a+a", ".~."), c("y~a", ".~.+a"), c("y~log(a)", ".~.+log(.)"), c("y~a", ".~(.)^2"), c("y~a+b", ".~c+."), c("y~a+b", ".~.*c"),
  c("y~a+b", ".~./c"), c("y~a+b", ".~.%in%c"), c("y~(a)", ".~."), c("y~b:a+a", ".~."), c("y~a+b-a", ".~."), c("y~y+a", ".~."),
  c("y~a>2", ".~."), c("y~a", ".>2~."), c("y~(1|a)+b", ".~.+c"), c("y~-1", ".~."), c("y~+0", ".~."), c("a+b~c", ".~."),
  c("(y)~c", ".~."), c("y~x", ".:z~."), c("y~x", ".^2~."), c("y+z~x", ".^2~."), c("y+z~x", "-.~."),
  c("y~a:b", ".~."), c("y~a+offset(b):c", ".~."), c("y~a", ".~.+offset(log(b))"), c("y~a+b", ".~.-."), c("y~a", ".~.+1"),
  c("y~NULL", ".~.+a"), c("y~a+b", "log(.+1)~poly(a,2)+."), c("log(y)~a", ".^2~."), c("y/z~a", "log(.)~."), c("f(y)~a", "-.~."),
  c("y~a*b", ".~.-b"), c("y~a*b", ".~.-a-b"), c("y~(a+b+c)^3", ".~.-a:b:c"), c("y~a", ".~.+b*c"), c("y~a+b", ".~.:c+d"),
  c("y~a", ".~.+b-a"), c("y~a+b", ".~.+a:b"), c("y~b+a", ".~.+a:b"), c("y~a", ".~b+."), c("y~a", ".~b:."), c("y~a", ". ~ . + .:b"))
update_lines <- vapply(updates, function(u) {
  result <- tryCatch(text(update.formula(as.formula(u[1]), as.formula(u[2]))), error = function(e) NA)
  paste0("[", quoted(u[1]), ", ", quoted(u[2]), ", ", if (is.na(result)) "null" else quoted(result), "]")
}, "")

section <- function(name, lines) paste0(quoted(name), ": [\n", paste(lines, collapse = ",\n"), "\n]")
out <- file("terms.json", "w", encoding = "UTF-8")
writeLines(paste0("{", quoted("r"), ": ", quoted(R.version.string), ",\n",
  paste(section("deparse", expression_lines), section("terms", term_lines), section("update", update_lines), sep = ",\n"), "}"), out)
close(out)
cat(length(expression_lines), "expressions,", length(term_lines), "formulas,", length(update_lines), "updates\n")
