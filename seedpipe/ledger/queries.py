"""Every statement the ledger says to SQLite, by what it asks.

Lists travel as one JSON value, so that a statement is the same text for any number of ids. Invariant:
each statement is answered from a key or an index; the only ones that walk a whole plan are
`TALLY`, `BILLED` and `JOBS_FOUND`, which people wait for and runs do not, `LOOKED_UNTIL`, before a run buys,
and all jobs `SIZES_ASKED` and `JOBS_OF_SIZE`, once a plan whose campaign asks for ratios.
"""

from __future__ import annotations

from typing import Final

LATEST_ATTEMPT: Final = "SELECT * FROM attempts WHERE job_id = ? ORDER BY number DESC LIMIT 1"
SAVE_ATTEMPT: Final = """
    INSERT INTO attempts (job_id, number, campaign, brand, month, phase, cost_micros, run_id, owner,
        intent_event, intent_at, accepted_at, finished_at, prediction_id, urls, flagged, inference_ms, error,
        error_code)
    VALUES (:job_id, :number, :campaign, :brand, :month, :phase, :cost_micros, :run_id, :owner,
        :intent_event, :intent_at, :accepted_at, :finished_at, :prediction_id, :urls, :flagged,
        :inference_ms, :error, :error_code)
    ON CONFLICT (job_id, number) DO UPDATE SET
        campaign = excluded.campaign, brand = excluded.brand, month = excluded.month,
        phase = excluded.phase, cost_micros = excluded.cost_micros, run_id = excluded.run_id,
        owner = coalesce(excluded.owner, attempts.owner),
        intent_event = coalesce(excluded.intent_event, attempts.intent_event), intent_at = excluded.intent_at,
        accepted_at = excluded.accepted_at, finished_at = excluded.finished_at,
        prediction_id = excluded.prediction_id, urls = excluded.urls, flagged = excluded.flagged,
        inference_ms = excluded.inference_ms,
        error = excluded.error, error_code = excluded.error_code"""
INSERT_EVENT: Final = """
    INSERT INTO events (at, job_id, number, event, phase, run_id, body, detail)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
SAVE_OUTPUT: Final = """
    INSERT OR REPLACE INTO outputs (attempt_no, position, sha256, media_type, width_px, height_px, size_bytes)
    SELECT attempt_no, ?, ?, ?, ?, ?, ? FROM attempts WHERE job_id = ? AND number = ?"""
OPEN_ACCOUNT: Final = """
    INSERT INTO accounts (kind, name, committed_micros) VALUES (?, ?, 0)
    ON CONFLICT (kind, name) DO NOTHING"""
CHANGE_ACCOUNT: Final = """
    UPDATE accounts SET committed_micros = committed_micros + ? WHERE kind = ? AND name = ?"""
INSERT_PLAN: Final = """
    INSERT INTO plans (plan_id, campaign, brand, header, job_count, place_prefix) VALUES (?, ?, ?, ?, 0, ?)"""
PLACES_OF_PLAN: Final = "SELECT campaign, place_prefix FROM plans WHERE plan_no = ?"
INSERT_JOB: Final = """
    INSERT INTO jobs (job_id, model, request) VALUES (?, ?, ?)
    ON CONFLICT (job_id) DO UPDATE SET request = excluded.request WHERE jobs.request = '{}'"""
INSERT_PLAN_JOB: Final = """
    INSERT INTO plan_jobs (plan_no, position, job_id, outputs_expected, cost_micros) VALUES (?, ?, ?, ?, ?)"""
INSERT_CELL: Final = """
    INSERT INTO cells (plan_no, job_position, position, address, series, axes, output_paths)
    VALUES (:plan_no, (SELECT position FROM plan_jobs WHERE job_id = :job_id AND plan_no = :plan_no),
        :position, :address, :series, :axes, :output_paths)"""
INSERT_RUN: Final = """
    INSERT INTO runs
        (run_id, plan_no, campaign, owner, started_at, purse_micros, budget_micros, month_micros,
        elsewhere_micros, elsewhere_month_micros, out)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

JOBS_IN_RANGE: Final = """
    SELECT job_id, model, request, outputs_expected, cost_micros
    FROM plan_jobs JOIN jobs USING (job_id)
    WHERE plan_no = ? AND position >= ? AND position < ? ORDER BY position"""
JOBS_FOUND: Final = """
    SELECT job_id, model, request, outputs_expected, cost_micros
    FROM plan_jobs JOIN jobs USING (job_id)
    WHERE plan_no = :plan_no AND (
        (job_id >= :text AND job_id < :end)
        OR position IN (SELECT job_position FROM cells WHERE plan_no = :plan_no AND address = :text))
    ORDER BY position"""
JOBS_UNFETCHED_ELSEWHERE: Final = """
    SELECT job_id, model, request, outputs_expected, plan_jobs.cost_micros,
        (SELECT address FROM cells WHERE cells.plan_no = plan_jobs.plan_no
            AND job_position = plan_jobs.position ORDER BY cells.position LIMIT 1) AS known_as
    FROM attempts JOIN jobs USING (job_id) JOIN plan_jobs USING (job_id)
    WHERE phase IN (SELECT value FROM json_each(?)) AND job_id > ?
        AND plan_no = (SELECT max(plan_no) FROM plan_jobs WHERE job_id = attempts.job_id)
        AND NOT EXISTS (SELECT 1 FROM plan_jobs WHERE job_id = attempts.job_id AND plan_no = ?)
    ORDER BY job_id LIMIT ?"""
OPEN_REQUESTS: Final = """
    SELECT job_id, model, request, outputs_expected, plan_jobs.cost_micros, intent_at,
        (SELECT body FROM events WHERE event_no = intent_event) AS body,
        (SELECT json_extract(detail, '$.service_at') FROM events WHERE event_no = intent_event) AS service_at,
        (SELECT count(*) FROM events
            WHERE events.job_id = attempts.job_id AND event = 'surely_absent') AS absences
    FROM attempts JOIN jobs USING (job_id) JOIN plan_jobs USING (job_id)
    WHERE attempts.phase IN (SELECT value FROM json_each(?)) AND plan_no = coalesce(
        (SELECT plan_no FROM plan_jobs AS own WHERE own.job_id = attempts.job_id AND own.plan_no = ?),
        (SELECT max(plan_no) FROM plan_jobs AS newest WHERE newest.job_id = attempts.job_id))
    ORDER BY intent_at, job_id"""
GIVEN_UP: Final = """
    SELECT jobs.job_id, model, request, outputs_expected, plan_jobs.cost_micros, sent.at AS intent_at,
        sent.body, json_extract(sent.detail, '$.service_at') AS service_at,
        (SELECT count(*) FROM events
            WHERE events.job_id = jobs.job_id AND event = 'surely_absent') AS absences
    FROM events AS ended
    JOIN events AS sent ON sent.event_no = (SELECT max(event_no) FROM events AS earlier
        WHERE earlier.job_id = ended.job_id AND earlier.number = ended.number
            AND earlier.event_no < ended.event_no AND earlier.body IS NOT NULL)
    JOIN jobs ON jobs.job_id = ended.job_id JOIN plan_jobs ON plan_jobs.job_id = ended.job_id
    WHERE ended.event IN ('surely_absent', 'written_off') AND ended.at >= ? AND plan_no = coalesce(
        (SELECT plan_no FROM plan_jobs AS own WHERE own.job_id = ended.job_id AND own.plan_no = ?),
        (SELECT max(plan_no) FROM plan_jobs AS newest WHERE newest.job_id = ended.job_id))
    ORDER BY ended.event_no"""
NOTE_LOOK: Final = """
    UPDATE plans SET looked_at = max(?, coalesce(looked_at, 0)) WHERE plan_no = ?"""
LOOKED_UNTIL: Final = """
    SELECT model, min(CASE
        WHEN coalesce(phase, 'planned') <> 'planned' OR EXISTS (SELECT 1 FROM events
            WHERE events.job_id = plan_jobs.job_id AND event IN ('surely_absent', 'written_off')) THEN 0
        ELSE coalesce((SELECT max(looked_at) FROM plan_jobs AS every JOIN plans USING (plan_no)
            WHERE every.job_id = plan_jobs.job_id), 0) END) AS looked_at
    FROM plan_jobs JOIN jobs USING (job_id) LEFT JOIN attempts ON attempts.job_id = plan_jobs.job_id
        AND number = (SELECT max(number) FROM attempts AS every WHERE every.job_id = plan_jobs.job_id)
    WHERE plan_no = ? AND coalesce(phase, 'planned') IN (SELECT value FROM json_each(?))
    GROUP BY model ORDER BY model"""
SAVE_UPLOAD: Final = "INSERT INTO uploads (sha256, url, uploaded_at) VALUES (?, ?, ?)"
UPLOADS: Final = """
    SELECT sha256, url, uploaded_at FROM uploads
    WHERE NOT withdrawn AND sha256 IN (SELECT value FROM json_each(?)) ORDER BY upload_no"""
WITHDRAW_UPLOADS: Final = """
    UPDATE uploads SET withdrawn = 1 WHERE sha256 IN (SELECT value FROM json_each(?))"""
UPLOADED: Final = "SELECT url, sha256 FROM uploads WHERE url IN (SELECT value FROM json_each(?))"
OWNED: Final = """
    SELECT prediction_id, job_id FROM attempts WHERE prediction_id IN (SELECT value FROM json_each(?))"""
SENT: Final = """
    SELECT prediction_id,
        coalesce((SELECT body FROM events WHERE event_no = intent_event), request) AS body
    FROM attempts JOIN jobs USING (job_id) WHERE prediction_id IN (SELECT value FROM json_each(?))"""
ACCEPTED_BETWEEN: Final = """
    SELECT prediction_id, accepted_at FROM attempts JOIN jobs USING (job_id)
    WHERE accepted_at BETWEEN ? AND ? AND model = ? AND phase IN (SELECT value FROM json_each(?))"""
CELLS_OF_JOBS: Final = """
    SELECT job_id, address, series, axes, output_paths
    FROM plan_jobs JOIN cells ON cells.plan_no = plan_jobs.plan_no AND job_position = plan_jobs.position
    WHERE job_id IN (SELECT value FROM json_each(?)) AND plan_jobs.plan_no = ? ORDER BY cells.position"""
ATTEMPTS_OF_JOBS: Final = """
    SELECT * FROM attempts WHERE job_id IN (SELECT value FROM json_each(?))
    ORDER BY job_id, number"""
OUTPUTS_OF_ATTEMPTS: Final = """
    SELECT * FROM outputs WHERE attempt_no IN (SELECT value FROM json_each(?))
    ORDER BY attempt_no, position"""
ACCOUNTS: Final = "SELECT kind, name, committed_micros FROM accounts ORDER BY kind, name"
PAYMENTS: Final = """
    SELECT attempts.*, model, request, outputs_expected, plan_jobs.cost_micros AS price_micros
    FROM attempts JOIN asking_plans USING (attempt_no) JOIN jobs USING (job_id)
    JOIN plan_jobs USING (job_id, plan_no) WHERE attempt_no > ? ORDER BY attempt_no LIMIT ?"""
CELLS_PAID: Final = """
    SELECT attempt_no, attempts.job_id, address, series, axes, output_paths
    FROM attempts JOIN asking_plans USING (attempt_no) JOIN plan_jobs USING (job_id, plan_no)
    JOIN cells ON cells.plan_no = plan_jobs.plan_no AND job_position = plan_jobs.position
    WHERE attempt_no IN (SELECT value FROM json_each(?)) ORDER BY attempt_no, cells.position"""
STEPS_OF_ATTEMPTS: Final = """
    SELECT attempt_no, event, events.phase, events.at
    FROM attempts JOIN events ON events.job_id = attempts.job_id AND events.number = attempts.number
    WHERE attempt_no IN (SELECT value FROM json_each(?)) ORDER BY event_no"""
JOBS_TRIED: Final = """
    SELECT job_id, model, request, outputs_expected, cost_micros
    FROM jobs JOIN plan_jobs USING (job_id)
    WHERE job_id IN (SELECT value FROM json_each(?))
        AND EXISTS (SELECT 1 FROM attempts WHERE attempts.job_id = jobs.job_id)
        AND plan_no = (SELECT max(plan_no) FROM plan_jobs WHERE job_id = jobs.job_id)"""
JOBS_PAID: Final = """
    SELECT DISTINCT job_id, model, request, outputs_expected, plan_jobs.cost_micros, plan_no
    FROM attempts JOIN jobs USING (job_id) JOIN plan_jobs USING (job_id)
    WHERE attempts.campaign = ? AND prediction_id IS NOT NULL
        AND phase IN (SELECT value FROM json_each(?)) AND job_id > ?
        AND plan_no = (SELECT max(plan_no) FROM plan_jobs WHERE job_id = attempts.job_id)
    ORDER BY job_id LIMIT ?"""
SIZES_ASKED: Final = """
    SELECT DISTINCT json_extract(request, '$.size') AS size FROM jobs
    WHERE size IS NOT NULL AND EXISTS (SELECT 1 FROM attempts WHERE attempts.job_id = jobs.job_id)
    ORDER BY size"""
JOBS_OF_SIZE: Final = """
    SELECT job_id, max(phase IN (SELECT value FROM json_each(:paid))) AS is_paid
    FROM attempts JOIN jobs USING (job_id)
    WHERE json_extract(request, '$.size') = :size AND phase <> 'planned' GROUP BY job_id"""
PHASES_OF_JOBS: Final = """
    SELECT job_id, phase FROM attempts WHERE job_id IN (SELECT value FROM json_each(?))
    ORDER BY job_id, number"""
TALLY: Final = """
    SELECT coalesce(phase, 'planned') AS phase, count(*) AS jobs, sum(outputs_expected) AS images,
        sum(CASE WHEN coalesce(phase, 'planned') = 'planned' THEN plan_jobs.cost_micros
            ELSE attempts.cost_micros END) AS cost_micros
    FROM plan_jobs LEFT JOIN attempts ON attempts.job_id = plan_jobs.job_id
        AND number = (SELECT max(number) FROM attempts AS every WHERE every.job_id = plan_jobs.job_id)
    WHERE plan_no = ? GROUP BY 1"""
BILLED: Final = """
    SELECT count(DISTINCT job_id) AS jobs, coalesce(sum(outputs_expected), 0) AS images,
        coalesce(sum(attempts.cost_micros), 0) AS cost_micros
    FROM plan_jobs JOIN attempts USING (job_id)
    WHERE plan_no = :plan_no AND phase IN (SELECT value FROM json_each(:paid))
        AND (:run_id IS NULL OR run_id = :run_id)"""
RUN: Final = """
    SELECT runs.*, brand FROM runs JOIN plans USING (plan_no) WHERE run_id = ?"""
PRICE_OF_JOB: Final = """
    SELECT cost_micros, campaign, brand, plan_no FROM plan_jobs JOIN plans USING (plan_no)
    WHERE job_id = ? ORDER BY plan_no = ? DESC, plan_no DESC LIMIT 1"""
LATEST_RUN: Final = """
    SELECT runs.*, plan_id FROM runs JOIN plans USING (plan_no)
    WHERE :campaign IS NULL OR runs.campaign = :campaign ORDER BY run_no DESC LIMIT 1"""
LATEST_OUT: Final = """
    SELECT out FROM runs JOIN plans USING (plan_no)
    WHERE runs.campaign = ? AND place_prefix = ? ORDER BY run_no DESC LIMIT 1"""
RUNS_OF_PLANS: Final = """
    SELECT runs.*, plan_id FROM runs JOIN plans USING (plan_no)
    WHERE run_no IN (SELECT max(run_no) FROM runs GROUP BY plan_no) ORDER BY run_no DESC"""

CELLS_BOUGHT: Final = """
    INSERT INTO cell_jobs (campaign, place, job_id, seen)
    SELECT campaign, place_prefix || address, job_id, (SELECT coalesce(max(event_no), 0) FROM events)
    FROM plans JOIN plan_jobs USING (plan_no)
    JOIN cells ON cells.plan_no = plan_jobs.plan_no AND job_position = plan_jobs.position
    WHERE plans.plan_no = :plan_no AND job_id = :job_id AND NOT EXISTS (SELECT 1 FROM keeps
        WHERE keeps.campaign = plans.campaign AND place = place_prefix || address AND asked_job = job_id)
    ON CONFLICT (campaign, place, job_id) DO UPDATE SET seen = excluded.seen"""
CELLS_SHOWN: Final = """
    INSERT INTO cell_jobs (campaign, place, job_id, seen)
    SELECT campaign, place_prefix || address, job_id, (SELECT coalesce(max(event_no), 0) FROM events)
    FROM plans JOIN plan_jobs USING (plan_no)
    JOIN cells ON cells.plan_no = plan_jobs.plan_no AND job_position = plan_jobs.position
    WHERE plans.plan_no = :plan_no
        AND EXISTS (SELECT 1 FROM attempts WHERE attempts.job_id = plan_jobs.job_id
            AND phase IN (SELECT value FROM json_each(:paid)))
        AND NOT EXISTS (SELECT 1 FROM keeps
            WHERE keeps.campaign = plans.campaign AND place = place_prefix || address
                AND asked_job = plan_jobs.job_id)
    ON CONFLICT (campaign, place, job_id) DO UPDATE SET seen = excluded.seen"""
CELL_PAID_ELSEWHERE: Final = """
    INSERT INTO cell_jobs (campaign, place, job_id, seen, elsewhere_micros) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (campaign, place, job_id) DO NOTHING"""
FORMERS: Final = """
    SELECT cell_jobs.place, cell_jobs.job_id, asked_job, kept_job, coalesce(
        (SELECT sum(cost_micros) FROM attempts WHERE attempts.job_id = cell_jobs.job_id
            AND phase IN (SELECT value FROM json_each(:paid))),
        elsewhere_micros) AS paid_micros
    FROM json_each(:places) AS wanted
    CROSS JOIN cell_jobs ON cell_jobs.campaign = :campaign AND cell_jobs.place = wanted.value
    LEFT JOIN keeps ON keeps.campaign = cell_jobs.campaign AND keeps.place = cell_jobs.place
    WHERE EXISTS (SELECT 1 FROM attempts WHERE attempts.job_id = cell_jobs.job_id
            AND phase IN (SELECT value FROM json_each(:paid)))
        OR (elsewhere_micros IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM attempts WHERE attempts.job_id = cell_jobs.job_id))
    ORDER BY cell_jobs.place, seen, cell_jobs.job_id"""
PLACES_OF_JOBS: Final = """
    SELECT place, job_id FROM cell_jobs
    WHERE campaign = ? AND job_id IN (SELECT value FROM json_each(?)) ORDER BY place"""
KEEP: Final = """
    INSERT INTO keeps (campaign, place, asked_job, kept_job, at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (campaign, place) DO UPDATE SET
        asked_job = excluded.asked_job, kept_job = excluded.kept_job, at = excluded.at"""
UNKEEP: Final = """
    DELETE FROM keeps WHERE campaign = ? AND place IN (SELECT value FROM json_each(?))"""
JOBS_PERHAPS_KEPT: Final = """
    SELECT position, job_id, model, request, outputs_expected, cost_micros
    FROM plan_jobs JOIN jobs USING (job_id) JOIN plans USING (plan_no)
    WHERE plan_no = ? AND position > ?
        AND coalesce((SELECT phase FROM attempts WHERE attempts.job_id = plan_jobs.job_id
            ORDER BY number DESC LIMIT 1), 'planned') = 'planned'
        AND EXISTS (SELECT 1 FROM cells JOIN cell_jobs
            ON cell_jobs.campaign = plans.campaign AND place = place_prefix || address
            WHERE cells.plan_no = plan_jobs.plan_no AND job_position = plan_jobs.position
                AND cell_jobs.job_id <> plan_jobs.job_id)
    ORDER BY position LIMIT ?"""
