"""The table of contents: every use case of seedpipe, and where its parts are put together.

A use case takes settings and values and returns a value for a view; it prints nothing and
exits nothing. Rooms are joined here and in `session`; heavy ones load when a use case needs them.
"""

from seedpipe.app.adopting import Adopted, adopt
from seedpipe.app.books import audit, spend
from seedpipe.app.care import doctor, probe, serve_sandbox
from seedpipe.app.comparing import Compared, against
from seedpipe.app.doubts import Reconciled, reconcile, write_off
from seedpipe.app.explaining import Explained, explain
from seedpipe.app.keeping import Decided, keep
from seedpipe.app.looking import StatusReview, show, status
from seedpipe.app.planning import PlanReview, Valid, review, validate
from seedpipe.app.prices import SyncedModel, balance, live_prices, models, sync_models
from seedpipe.app.publishing import Published, publish
from seedpipe.app.reporting import Reported, report
from seedpipe.app.reviewing import (
    ImageReviews,
    Judged,
    Judgement,
    Taken,
    judge,
    review_images,
    take_decisions,
)
from seedpipe.app.running import Agreed, RunResult, run
from seedpipe.app.saving import is_saved, resume, run_saved, save
from seedpipe.app.starting import start_project

__all__ = [
    "Adopted",
    "Agreed",
    "Compared",
    "Decided",
    "Explained",
    "ImageReviews",
    "Judged",
    "Judgement",
    "PlanReview",
    "Published",
    "Reconciled",
    "Reported",
    "RunResult",
    "StatusReview",
    "SyncedModel",
    "Taken",
    "Valid",
    "adopt",
    "against",
    "audit",
    "balance",
    "doctor",
    "explain",
    "is_saved",
    "judge",
    "keep",
    "live_prices",
    "models",
    "probe",
    "publish",
    "reconcile",
    "report",
    "resume",
    "review",
    "review_images",
    "run",
    "run_saved",
    "save",
    "serve_sandbox",
    "show",
    "spend",
    "start_project",
    "status",
    "sync_models",
    "take_decisions",
    "validate",
    "write_off",
]
