"""The published schemas do what an editor needs: valid draft-07, every key explained, every example true."""

import re

import pytest
import yaml
from jsonschema import Draft7Validator

from seedpipe import schemas
from tests.command_line import REPOSITORY

WRITTEN_BY_HAND = ("campaign", "brand", "model")
READ_BY_PROGRAMS = ("comparison", "explanation")
MODELINE = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")


def keys(schema, root, path=()):
    """Yield every property that a schema describes, with its path and its description's schema."""
    for name, below in schema.get("properties", {}).items():
        yield (*path, name), resolved(below, root)
    for word in ("properties", "definitions"):
        for name, below in schema.get(word, {}).items():
            yield from keys(below, root, (*path, name))
    for word in ("items", "additionalProperties", "then", "else"):
        if isinstance(below := schema.get(word), dict):
            yield from keys(below, root, (*path, word))
    for word in ("allOf", "anyOf", "oneOf"):
        for below in schema.get(word, []):
            yield from keys(below, root, path)


def resolved(schema, root):
    """Return a property with what it refers to; what stands beside the reference counts first."""
    if "$ref" not in schema:
        return schema
    target = root
    for step in schema["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return {**resolved(target, root), **schema}


@pytest.mark.parametrize("name", schemas.names())
def test_a_schema_is_of_draft_07_and_says_what_it_is_for(name):
    schema = schemas.load(name)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    Draft7Validator.check_schema(schema)
    assert schema["title"].startswith("seedpipe")
    assert schema["description"].endswith(".")


@pytest.mark.parametrize("name", WRITTEN_BY_HAND)
def test_every_key_is_explained_and_has_an_example(name):
    schema = schemas.load(name)
    found = list(keys(schema, schema))
    assert found
    for path, about in found:
        where = "/".join(path)
        assert about.get("description", "").endswith((".", ":", "?")), f"{where} is not explained"
        completes = {"examples", "enum", "const", "default", "properties"} & about.keys()
        assert completes or about.get("type") == "boolean", f"{where} has no example"


@pytest.mark.parametrize("name", READ_BY_PROGRAMS)
def test_every_key_of_a_document_is_explained_and_there_is_no_other(name):
    schema = schemas.load(name)
    found = list(keys(schema, schema))
    assert found
    for path, about in found:
        assert about.get("description", "").endswith("."), f"{'/'.join(path)} is not explained"
        if "properties" in about:
            assert about["additionalProperties"] is False, f"{'/'.join(path)} is open"
            assert set(about["required"]) == set(about["properties"])


@pytest.mark.parametrize("name", WRITTEN_BY_HAND)
def test_every_example_is_valid(name):
    schema = schemas.load(name)
    for path, about in keys(schema, schema):
        told = {word: value for word, value in about.items() if word != "$ref"}
        judge = Draft7Validator({**told, "definitions": schema.get("definitions", {})})
        for example in about.get("examples", []):
            faults = [error.message for error in judge.iter_errors(example) if "$ref" not in error.message]
            assert not faults, f"{'/'.join(path)}: {example}: {faults}"


def yaml_files():
    for folder in ("examples", "seedpipe/starter/project"):
        for file in sorted((REPOSITORY / folder).rglob("*.yaml")):
            if "out" not in file.parts and ("campaign" in file.name or "brands" in file.parts):
                yield pytest.param(file, id=str(file.relative_to(REPOSITORY)))


@pytest.mark.parametrize("file", list(yaml_files()))
def test_every_campaign_and_brand_that_we_show_names_its_schema(file):
    text = file.read_text()
    named = MODELINE.match(text)
    assert named, "the first line is the editor's: # yaml-language-server: $schema=..."
    if "starter" in file.parts:  # the schemas come with the project that it is copied to
        kind = named[1].rpartition("/")[2].partition(".")[0]
        assert named[1] in (f"schemas/{kind}.schema.json", f"../schemas/{kind}.schema.json")
    else:
        assert (file.parent / named[1]).resolve().parent == REPOSITORY / "seedpipe" / "schemas"
        kind = (file.parent / named[1]).name.partition(".")[0]
    faults = Draft7Validator(schemas.load(kind)).iter_errors(yaml.safe_load(text))
    assert not [error.message for error in faults if "extends" not in error.message]
