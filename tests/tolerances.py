"""Every tolerance of the tests, with its reason. Relative unless said otherwise."""

# --- models against R (tests/reference/models) ------------------------------------------------------------
# The bars of the project. Coefficients are compared relative to max(|coefficient|, its standard error):
# a coefficient that is zero by symmetry has no digits of its own.
COEFFICIENT = 1e-7
STANDARD_ERROR = 1e-6
DEVIANCE = 1e-9
SHARP = 1e-9  # coefficients and standard errors at epsilon = 1e-14
# At epsilon 1e-14 round-off in the deviance (some ten units in the last place) may end R's iterations sooner
# or later than ours. |change of deviance| < epsilon leaves a last step of sqrt(epsilon); where Fisher scoring
# converges linearly, one iteration is a factor in the distance to the limit, R's own included.
ROUND_OFF_OF_DEVIANCE = 1e-13
LAST_STEP = 1e-7
ONE_ITERATION = 4

# A p-value magnifies the statistic's error by |z| (z^2 / 2 in the exponent): z up to 40 times STANDARD_ERROR.
P_VALUE = 1e-4
# Deviances of sub-models by another way to the same minimum: what the stopping rule leaves (epsilon 1e-8).
SAME_DEVIANCE = 1e-8
# Rows (fitted, eta, residuals) relative to the largest of the vector: residuals are differences.
ROWS = 1e-7
# Differences of deviances relative to the null deviance; statistics relative to max(1, value).
ANOVA = 1e-6
# Where the reference calls a model ill posed: the deviance is still determined, the coefficients are not.
ILL_POSED_DEVIANCE = 1e-4
# Columns with a condition number of 1e9 before scaling leave about 16 - 9 digits, R's own included.
NEAR_COLLINEAR = 1e-5
# R's Poisson deviance subtracts numbers of 1e9 to get one of 40: 1e9 * 1e-16 each.
CANCELLED_DEVIANCE = 1e-7

# --- families and links -----------------------------------------------------------------------------------
# Machine epsilon: what one rounding costs, for absolute slack where R (or the definition) subtracts.
ROUNDING = 2.3e-16
# The same formula, or one that is exact to rounding: a few units in the last place of exp, log and pow.
FAMILY_VALUES = 1e-13
# Log-likelihoods: a sum of terms of both signs, and R's lgamma below 16 has 1e-14 absolute.
FAMILY_WITH_SADDLE_POINT = 1e-12
# Against 60 digits: the well-conditioned ones to a few units in the last place, unit deviances a little less.
FAMILY_TRUTH = 1e-13
UNIT_DEVIANCE = 1e-12
# A five-point stencil with step 1e-3: h^4 truncation beside eps / h rounding.
NUMERICAL_DERIVATIVE = 1e-8

# --- likelihoods of several predictors --------------------------------------------------------------------
# Rows against 320 digits, far tails included: relative, plus some roundings of numbers of the size of the count.
LIKELIHOOD_ROWS = 1e-11
LIKELIHOOD_ABSOLUTE = 1e-13
# Coefficients against a maximum found with 1e-13 standard errors to go.
EXACT_LIKELIHOOD = 1e-8

# --- engine ----------------------------------------------------------------------------------------------------------
# The bars of the project: R's last iterate at default control, the limit at epsilon = 1e-14.
ENGINE_DEFAULT = 1e-7
ENGINE_TIGHT = 1e-9
# What a backward-stable solution may lose for each unit of the scaled condition number.
PER_CONDITION = 4e-15

# --- functions of the formula language ---------------------------------------------------------------------
# The same definition in another order of rounding; QR of badly scaled columns loses a digit or two.
FUNCTION_VALUES = 1e-10

# --- frames and designs -----------------------------------------------------------------------------------
# The bar of the project for the columns of a design: poly, ns and bs are solved by other routines than R's.
DESIGN_VALUES = 1e-10

# --- influence and residuals --------------------------------------------------------------------------------
# The bar of the project for numbers: 1e-6, relative to the largest of each column.
INFLUENCE = 1e-6

# --- invariants ------------------------------------------------------------------------------------------
# Two ways to the same optimum at epsilon = 1e-13: sums in another order, well-conditioned problems.
INVARIANT = 1e-9

# --- profile limits --------------------------------------------------------------------------------------
# In standard errors: R reads its limits off a spline, whose own error is up to 2e-3 (r-facts); the bar is 1e-4.
PROFILE_LIMIT = 1e-4
# z of a point: R's refits stop when the deviance changes by less than 1e-8 of itself, which is 1e-6 / z in z.
PROFILE_POINT = 1e-5
# R's score takes the working weights of the refit's last solved iteration, ours those of its end.
PROFILE_RAO = 2e-3
# Roots solved by ourselves.
PROFILE_EXACT = 1e-7
# Robust covariances, relative to the largest entry.
COVARIANCE = 1e-6
# Tests and measures made of sums over rows of a fit at default control.
GOODNESS = 1e-6

# --- certificates ----------------------------------------------------------------------------------------
# NIST prints 15 significant digits.
CERTIFIED_DIGITS = 14.0
# Digits that least squares in double precision can lose to the condition number squared times the residual
# (Wampler4 and 5: errors of 1e2 and 1e4 times the signal) or to the columns' own rounding (Filip); 9 elsewhere.
NIST_ALLOWED = {"Filip": 7.0}

# --- comparisons of models and coefficients ---------------------------------------------------------------
# The bar of the project for numbers, relative to max(value, 1e-3).
COMPARISON = 1e-6

# --- sources ---------------------------------------------------------------------------------------------
# The same rows in blocks of other lengths: sums in another order. The bar of the project is 1e-9.
SAME_ROWS = {"rtol": 1e-9, "atol": 1e-11}

# --- separation, bias reduction, constrained fits ---------------------------------------------------------
# brglm2 at epsilon 1e-12 converges linearly, we stop at 1e-10 standard errors; limits by optim() and uniroot.
FIRTH = 1e-8
FIRTH_LIMITS = 1e-7
# constrOptim's barrier in R ends some 1e-8 above the optimum; at the edge a deviance of 1e-8 is 1e-4 in the
# coefficients (its square root).
EDGE_DEVIANCE = 1e-7
EDGE_COEFFICIENT = 2e-3

# --- glm_nb --------------------------------------------------------------------------------------------------
# The bars of the project, against the exact maximum; coefficients relative to max(|coefficient|, standard error).
NB_COEFFICIENT = 1e-6
NB_LOGLIK = 1e-9
# The joint covariance is taken where the last step ended, 1e-6 standard errors or less from the maximum.
NB_JOINT = 1e-6
# Limits of profiles, in standard errors: MASS's refits stop at 1e-10 of the deviance, and converge linearly.
NB_PROFILE = 2e-4

# --- linear models ------------------------------------------------------------------------------------------
# R and we solve the same equations by QR: what the condition number leaves of 16 digits; longley's is 5e9 (1e5 when
# its columns have unit length), and variances have twice the error of coefficients.
LINEAR, LINEAR_ILL = 1e-9, 1e-7
# Differences of sums of squares, relative to the largest of the column.
LINEAR_SQUARES = 1e-8

# --- the Tweedie power by maximum likelihood ----------------------------------------------------------------
# In standard errors of the power, and relative: R's optimize() ends some 1e-5 of them beside a flat maximum.
POWER = 1e-4

# --- ordered categories -------------------------------------------------------------------------------------
# The bars of the project, against the exact maximum; estimates relative to max(|estimate|, standard error).
ORDINAL = 1e-6
ORDINAL_LOGLIK = 1e-9
ORDINAL_ROWS = 1e-8
# Limits of profiles in standard errors: MASS interpolates by a spline and then linearly.
ORDINAL_PROFILE = 1e-3

# --- compare_counts -------------------------------------------------------------------------------------------
# pscl's BFGS stops short of the maximum: log-likelihoods agree, sums over rows less.
PSCL_ROWS = 1e-3

# --- many fits at once ------------------------------------------------------------------------------------
# The same iterations from X'WX with a condition number up to 1e6 (see engine/many/), where the loop takes QR factors.
MANY = 1e-9

# --- mixed models ---------------------------------------------------------------------------------------------
# The bars of the project, against the exact minimum of lme4's own deviance function: absolute, and in standard errors.
MIXED_DEVIANCE = 1e-7
MIXED_ERRORS = 2e-5
# Covariances over the product of standard errors: lme4's Hessian by differences of order six is good to 1e-7 or so.
MIXED_COVARIANCE = 2e-5
# Fitted values, residuals and predictions, of the largest: they follow theta.
MIXED_ROWS = 1e-5

# Effects by hand in R, whose derivatives are differences (numDeriv) of means and, of slopes, of differences; their
# covariance has the digits of MIXED_COVARIANCE.
MIXED_EFFECTS = 2e-5
# lmerTest's degrees of freedom take second differences of the deviance.
MIXED_EFFECTS_DF = 1e-4
# Wald statistics of terms, relative: as good as the references' covariance and estimates together.
MIXED_TEST = 1e-6

# --- expressions for databases --------------------------------------------------------------------------------
# The same doubles by the same formulas: a few last bits of exp, log and sums taken in another order.
SQL = 1e-12
# What a browser computes of the same: the bar.
WHAT_IF = 1e-9
# Limits of profiles, relative to their width: R's by uniroot over nlminb.
MIXED_LIMITS = 1e-6

# --- effects: the same number by two ways -------------------------------------------------------------------
# Logarithms of tail probabilities against 60 digits: SciPy's normal tail loses a digit or two far out.
SURPRISE = 1e-13
# Quadratic forms of a covariance, taken by rows in one order of rounding or another.
CARRIED_OVER = 1e-11

# --- penalised paths, by formulas beside the engine's -------------------------------------------------------
# The residual is certified to 1e-9 of the null model's gradient; coefficients of the design's own columns lose a digit.
OWN_RESIDUAL = 2e-9
# Systems of some hundred columns with condition numbers of some hundred.
OTHER_FACTOR = 1e-10
