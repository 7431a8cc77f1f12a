"""Model files: written for review, and read back as they were."""

import pytest

from seedpipe import catalog
from seedpipe.core.campaign.models import file_name, model_text, project_catalogue
from seedpipe.core.catalogue import ProjectModel

SHIPPED = catalog.load()


class Memory:
    """The files of a project, in memory."""

    def __init__(self, **files):
        self._files = {f"models/{name}.yaml": text for name, text in files.items()}

    def models(self):
        return sorted(self._files)

    def read(self, path):
        return self._files[path].encode()

    def shown(self, path):
        return path


def written(spec, as_of="2026-11-20", origin="https://api.wavespeed.ai"):
    return ProjectModel(spec=spec, as_of=as_of, origin=origin, path="models/it.yaml")


@pytest.mark.parametrize("spec", SHIPPED.models.values(), ids=SHIPPED.models)
def test_a_model_reads_back_as_it_was_written(spec):
    model = written(spec)
    read = project_catalogue(Memory(it=model_text(model)), SHIPPED)
    assert read.own == {spec.model_id: model}
    assert read.models[spec.model_id] == spec
    assert read.models.keys() == SHIPPED.models.keys()


def test_the_digest_is_of_what_the_models_say():
    spec = SHIPPED.models["bytedance/seedream-v4"]

    def digest(*models):
        files = {f"m{number}": model_text(model) for number, model in enumerate(models)}
        return project_catalogue(Memory(**files), SHIPPED).digest

    assert digest() == SHIPPED.digest
    assert digest(written(spec)) == digest(written(spec, as_of="2027-01-01", origin="http://127.0.0.1:1"))
    other = SHIPPED.models["bytedance/seedream-v4.5"]
    assert (
        len({digest(), digest(written(spec)), digest(written(other)), digest(written(spec), written(other))})
        == 4
    )


def test_a_file_is_called_like_its_model():
    assert file_name("bytedance/seedream-v4/edit") == "bytedance-seedream-v4-edit.yaml"
    assert file_name("../.../x y") == "-...-x-y.yaml"
