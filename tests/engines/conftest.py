import pytest

from tests.engines.stage import Stage, planned


@pytest.fixture
def stage(tmp_path):
    """Return a builder of stages: names of jobs or planned cells, and limits of the pace."""
    stages = []

    def build(*jobs, images=1, **pace):  # `policy` too
        cells = [
            cell for job in jobs for cell in (planned(job, images=images) if isinstance(job, str) else job)
        ]
        stages.append(Stage(tmp_path, cells, **pace))
        return stages[-1]

    yield build
    for made in stages:
        made.close()
