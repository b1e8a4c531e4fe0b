"""Every JSON file of a directory fits the schema, and fits it no more when any key is taken away or of a wrong
type.

usage: schema_test.py SCHEMA DIRECTORY
"""

import copy
import json
import pathlib
import sys

import jsonschema


FREE = ("labels", "settings", "values")  # objects whose keys are the user's


def objects(value, path=()):
    """Paths of all objects within a document whose keys are fixed."""
    if isinstance(value, dict):
        if not path or path[-1] not in FREE:
            yield path
        for key, inner in value.items():
            yield from objects(inner, path + (key,))
    elif isinstance(value, list):
        for position, inner in enumerate(value[:3]):
            yield from objects(inner, path + (position,))


def at(value, path):
    for step in path:
        value = value[step]
    return value


def main():
    schema = json.loads(pathlib.Path(sys.argv[1]).read_text())
    checker = jsonschema.Draft202012Validator
    checker.check_schema(schema)
    validator = checker(schema)
    faults = tried = 0
    for file in sorted(pathlib.Path(sys.argv[2]).glob("*.json")):
        document = json.loads(file.read_text())
        for error in validator.iter_errors(document):
            print(f"{file.name}: {list(error.absolute_path)}: {error.message}")
            faults += 1
        if "timeline" in document:
            document["timeline"]["series"] = document["timeline"]["series"][:2]
        for path in objects(document):
            for key in list(at(document, path)):
                tried += 1
                broken = copy.deepcopy(document)
                del at(broken, path)[key]
                if validator.is_valid(broken):
                    print(f"{file.name}: {path} is valid without {key}")
                    faults += 1
                at(broken, path)[key] = {"no": "such thing"} if key not in FREE else 3
                if validator.is_valid(broken):
                    print(f"{file.name}: {path} takes anything as {key}")
                    faults += 1
    print(f"{tried} keys tried, {faults} faults")
    return 1 if faults or tried == 0 else 0


sys.exit(main())
