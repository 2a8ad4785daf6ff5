"""``glm_nb``: a negative binomial whose theta is estimated with the coefficients."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

from ..engine.result import Control
from ..engine.theta import ThetaFit, fit_theta
from ..engine.theta_likelihood import distance_of_theta
from ..errors import ConvergenceWarning, give_warning
from ..families import Family, poisson
from ..families.arguments import positive_number
from ..families.link import Link, make_link
from ..families.standard import estimated_negative_binomial
from ..fitted.rows import same_table
from ..render.negbin import theta_block
from .calls import calling, spoken
from .chosen import AnovaOrPath
from .estimate import checked, estimated, fields_of
from .face import Verb
from .model import GLM

DEFAULT_LINK = "log"
OWN = ("init_theta", "link")
METHODS = ("auto", "qr", "cholesky")
NO_OVERDISPERSION = (
    "theta has no finite estimate: the responses vary no more than a Poisson's, whose log-likelihood this is (boundary "
    "likelihood ratio test against it: 0, p-value 1); glm(..., family='poisson') is the model"
)
PRINTED_INFINITE = "no finite estimate, the fit is a Poisson's"


@dataclass(frozen=True, eq=False, repr=False)
class GLMNB(GLM):
    """A negative binomial model with its theta, MASS's object of class ``negbin``.

    Made by :func:`glmformula.glm_nb`; see there for the arguments. All that a :class:`~glmformula.GLM` has, and:

    Attributes
    ----------
    theta : float
        Var y = mu + mu^2 / theta.
    se_theta : float
        Standard error of theta, from the observed information at the estimates (the coefficients held, as in MASS).
    theta_warning : str
        Why theta is not a maximum-likelihood estimate; '' if it is.
    twologlik : float
        Twice the log-likelihood.

    Examples
    --------
    >>> from glmformula import datasets, glm_nb
    >>> fit = glm_nb("sick_days ~ overtime_hours", datasets.attrition())
    >>> round(fit.theta, 3), round(fit.se_theta, 3), round(fit.twologlik, 2)
    (31.382, 11.456, -2458.75)
    """

    theta: float = math.nan
    se_theta: float = math.nan
    theta_warning: str = ""

    anova = AnovaOrPath(Verb("inference.terms.theta_anova", "anova"))
    vcov = Verb("inference.covariances.theta_vcov", "vcov")

    @property
    def twologlik(self) -> float:
        """Twice the log-likelihood."""
        return -self.result.minus2_loglik

    @property
    def edge(self) -> Family:
        """The family that it becomes as theta grows without end."""
        return poisson(self.family.link)

    @property
    def step_aic(self) -> float:
        """R's ``extractAIC`` of it leaves theta out, where ``AIC`` counts it."""
        return self.aic - 2 * self.family.extra_df

    @property
    def other_distances(self) -> dict[str, float]:
        """How far theta is from its optimum at the coefficients, in standard errors; nothing where that has no end."""
        if math.isinf(self.se_theta):
            return {}
        source, beta = self.rows.source, self.result.coefficients
        return {"theta": distance_of_theta(source, self.family, beta, self.theta)}

    @property
    def summary_footer(self) -> str:
        """theta and the log-likelihood, as MASS prints them under a summary."""
        return theta_block(self.theta, self.se_theta, self.twologlik, self.theta_warning)

    def joint_limits(self, which: Sequence[int], level: float) -> dict[int, tuple[float, float]]:
        """Limits of coefficients by the likelihood maximised over all else and theta."""
        from ..inference.intervals.theta_profile import joint_limits

        return joint_limits(self, partial(estimated_negative_binomial, link=self.family.link), which, level)

    def refit(self, **changes: Any) -> Self:
        """The same call again with other arguments; theta is estimated again."""
        if changes.get("formula", self.formula) != self.formula:
            changes = {"start": None} | changes  # it belongs to the columns of the old one
        known = {name: value for name, value in self.rows.arguments.items() if name != "family"}
        return replace(self, **found(known | same_table(self.rows) | changes))


def glm_nb(
    formula: str,
    data: Any,
    *,
    weights: Any = None,
    subset: Any = None,
    na_action: str = "na.omit",
    start: Any = None,
    etastart: Any = None,
    mustart: Any = None,
    offset: Any = None,
    control: Control | None = None,
    contrasts: Any = None,
    method: str = "auto",
    progress: bool | None = None,
    init_theta: float | None = None,
    link: str | Link = "log",
    **control_arguments: Any,
) -> GLMNB:
    """Fit a negative binomial model, coefficients and theta by maximum likelihood; MASS's ``glm.nb``.

    The model is  g(E y) = X beta + offset,  Var y = mu + mu^2 / theta  (Venables & Ripley 2002, section 7.4;
    Lawless 1987, Canadian Journal of Statistics 15, 209-225).

    Parameters
    ----------
    formula, data, weights, subset, na_action, start, etastart, mustart, offset, control, contrasts, progress
        As :func:`glmformula.glm` has them; the response is counts, the data any that `glm` takes.
    method : {"auto", "qr", "cholesky"}
        How the weighted least squares are solved.
    init_theta : float, optional
        Where theta starts; by default at the moments of the responses.
    link : {"log", "sqrt", "identity"} or Link

    Returns
    -------
    GLMNB
        A :class:`~glmformula.GLM` with ``theta``, ``se_theta`` and ``twologlik``. The dispersion is 1; AIC, BIC and
        ``logLik`` count theta as a parameter.

    Raises
    ------
    FormulaError, DataError, FamilyError, FitError
        As `glm`; negative responses; responses that are all 0; `init_theta` that is not positive.

    Warns
    -----
    ConvergenceWarning
        theta has no finite estimate (the responses vary no more than a Poisson's), or iterations stopped early.
    DataWarning
        Responses that are no whole numbers.

    Notes
    -----
    The estimates are those of the likelihood to full digits, where MASS's alternation stops at 1e-8 of the
    deviance, and the standard error of theta is taken at the estimates, where MASS's is a step behind (1e-4 of it).
    `vcov` and the intervals hold theta, as MASS's; ``vcov(complete_theta=True)`` and
    ``confint(method="profile-joint")`` do not. ``anova`` of one model and `drop1` hold theta, `update` estimates
    it again. ``iter`` is that of a fit at theta, as MASS prints it.

    Examples
    --------
    >>> from glmformula import datasets, glm_nb
    >>> fit = glm_nb("sick_days ~ overtime_hours + experience_years", datasets.attrition())
    >>> fit.summary()
    <BLANKLINE>
    Call:
    glm.nb(formula = sick_days ~ overtime_hours + experience_years,
        data = data, init.theta = 31.47450508, link = log)
    <BLANKLINE>
    Coefficients:
                     Estimate Std. Error z value Pr(>|z|)
    (Intercept)      1.698310   0.076001  22.346  < 2e-16 ***
    overtime_hours   0.025423   0.007458   3.409 0.000652 ***
    experience_years 0.003640   0.008371   0.435 0.663688
    ---
    Signif. codes:  0 ‘***’ 0.001 ‘**’ 0.01 ‘*’ 0.05 ‘.’ 0.1 ‘ ’ 1
    <BLANKLINE>
    (Dispersion parameter for Negative Binomial(31.4745) family taken to be 1)
    <BLANKLINE>
        Null deviance: 536.22  on 499  degrees of freedom
    Residual deviance: 524.41  on 497  degrees of freedom
    AIC: 2466.6
    <BLANKLINE>
    Number of Fisher Scoring iterations: 1
    <BLANKLINE>
    <BLANKLINE>
                  Theta:  31.5
              Std. Err.:  11.5
    <BLANKLINE>
     2 x log-likelihood:  -2458.556
    """
    arguments = {
        "formula": formula,
        "data": data,
        "weights": weights,
        "subset": subset,
        "na_action": na_action,
        "start": start,
        "etastart": etastart,
        "mustart": mustart,
        "offset": offset,
        "control": control,
        "contrasts": contrasts,
        "method": method,
        "progress": progress,
        "init_theta": init_theta,
        "link": link,
    }
    return GLMNB(**found(arguments | control_arguments))


def found(given: Mapping[str, Any]) -> dict[str, Any]:
    """All fields of a GLMNB, for the arguments of `glm_nb`."""
    given = dict(given)
    own = {name: given.pop(name) for name in OWN}
    if "family" in given:
        raise TypeError(
            "glm_nb() has no family=: it is the negative binomial, with link= and init_theta=; for another family call "
            "glm(formula, data, family=...)"
        )
    if given.pop("compress", None):
        raise TypeError(
            "glm_nb() has no compress=: its theta is estimated from the rows; with a known theta equal rows can be "
            "counted, glm(..., family=negative_binomial(theta), compress=True)"
        )
    if given["method"] not in METHODS:
        raise ValueError(
            f"method should be one of {', '.join(map(repr, METHODS))}; got {given['method']!r} (bias "
            "reduction, 'firth', is of models with known theta: glm(..., family=negative_binomial(theta), "
            "method='firth'))"
        )
    link, theta = make_link(own["link"]), own["init_theta"]
    if theta is not None:
        theta = positive_number("init_theta", "glm_nb(init_theta=)", theta)
    of_theta = partial(estimated_negative_binomial, link=link)
    arguments = checked(given | {"family": of_theta(1.0 if theta is None else theta)}) | own
    fits: list[ThetaFit] = []

    def solve(source: Any, **options: Any) -> Any:
        fit = fit_theta(source, of_theta, method=arguments["method"], theta=theta, **options)
        fits.append(fit)
        return of_theta(fit.theta), fit.result

    estimate = estimated(arguments, solve, partial(call_of, arguments, link))
    (fit,) = fits
    return fields_of(estimate) | theta_fields(fit)


def theta_fields(fit: ThetaFit) -> dict[str, Any]:
    """What a GLMNB has beside a GLM's fields; warns where theta is no estimate."""
    for message in fit.messages:
        give_warning(f"glm_nb: {message}: raise maxit or look at the data", ConvergenceWarning)
    if fit.infinite:
        give_warning(NO_OVERDISPERSION, ConvergenceWarning)
    warned = [*fit.messages, *([PRINTED_INFINITE] if fit.infinite else [])]
    return {"theta": fit.theta, "se_theta": fit.se_theta, "theta_warning": "; ".join(warned)}


def call_of(arguments: Mapping[str, Any], link: Link, family: Family) -> str:
    """The call as MASS prints it: with the theta that was found."""
    found = {"init.theta": f"{family.parameters['theta']:.10g}"}
    given = link.name != DEFAULT_LINK  # R's own stands at the end
    end = {"link": link.name} | found if given else found | {"link": link.name}
    return calling("glm.nb", arguments["formula"], {"data": "data"}, spoken(arguments) | end)
