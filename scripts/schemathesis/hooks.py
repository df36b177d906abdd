"""What schemathesis cannot know: rules that JSON Schema cannot say, by the problem that tells of them."""

import re

import schemathesis

# What a cursor or an entity tag stands for, what a CAP file holds, what depends on another member or on the clock. A
# refusal of valid data that is not here is a finding: the server refuses too much, or its description says too little.
ALWAYS = {
    "changed-meanwhile",
    "expiry-passed",
    "holder-birth-date",
    "issue-window",
    "not-a-cap-file",
    "provider-sight",
    "release-empty",
    "request-reused",
    "token-terms",
    "webhook-replay-range",
}
# A text has its bound in bytes; a schema can only count characters.
ALWAYS |= {"catalogue-text", "holder-text", "password-length", "provider-text", "reason", "service-text", "veto-reason"}
PLACES = {
    "parameter-invalid": {"cursor", "holder", "month", "provider"},
    "invalid": {"/address", "/currency", "/name", "/parking/class", "/reason"},
}


# Names are taken from answers, too; without its own operator the session would end, and nothing after it be looked at.
OWN = "admin"


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.method.upper() != "GET" and (case.path_parameters or {}).get("operator") == OWN:
        case.path_parameters["operator"] = OWN + "-2"


@schemathesis.check
def refusals_are_explained(ctx, response, case):
    if response.status_code not in (400, 412, 422) or case.meta is None:
        return
    if not case.meta.generation.mode.is_positive:
        return
    # An entity tag loses its quotes on its way through schemathesis: what was sent is no valid data then.
    tag = response.request.headers.get("If-Match")
    if tag is not None and not re.match(rb'\*|(W/)?"' if isinstance(tag, bytes) else r'\*|(W/)?"', tag):
        return
    problem = response.json()
    code = problem["code"]
    named = {error["pointer"] for error in problem.get("errors", [])} | {problem.get("parameter")}
    named.discard(None)
    if code in ALWAYS or named and named <= PLACES.get(code, set()):
        return
    raise AssertionError(f"valid data were refused as {code}: {sorted(named)}: {problem['detail']}")
