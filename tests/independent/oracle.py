"""Judges changes of schemas by real bytes: fastavro writes with one version and reads with the
other, both ways, for every earlier version, and what is read must mean what was written. Prints
{change: {verdict, proof}} as JSON; the proof is the first one found.

Bytes are read twice. `raw` leaves logical types out of both schemas, and gives the number or bytes
the meaning that the reader's schema declares: fastavro converts by the writer's logical type, which
hides what readers in other languages see. `logical` is what a Python consumer gets."""

import argparse
import contextlib
import decimal
import io
import json
import uuid

import fastavro

from avro_examples import LOGICAL_EXAMPLES, NANOS, examples
from avro_types import (
    branch_of,
    default_of,
    expand,
    fits,
    is_decimal,
    kind,
    logical,
    without_logical_types,
)


class Break(Exception):
    """What is not as it should be, and where."""

    def __init__(self, path, problem):
        super().__init__(problem)
        self.proof = {"path": path, "problem": problem}


@contextlib.contextmanager
def broken():
    """Whatever fastavro raises is a schema, or a value, that does not read."""
    try:
        yield
    except Exception as error:
        raise Break("", f"{type(error).__name__}: {error}") from error


class Version:
    def __init__(self, schema):
        with broken():
            self.logical = fastavro.parse_schema(schema)
            self.raw = fastavro.parse_schema(without_logical_types(schema))
        self.types = expand(schema, {})


# Meaning


def meaning(schema, value):
    """What a raw value of no more parts means."""
    what, name = logical(schema)
    if is_decimal(schema):
        unscaled = int.from_bytes(value, "big", signed=True)
        if abs(unscaled) >= 10 ** schema["precision"]:
            raise ValueError(f"{unscaled} has more than {schema['precision']} digits")
        exact = decimal.Context(prec=100)
        return "decimal", decimal.Decimal(unscaled).scaleb(-schema.get("scale", 0), exact)
    if (what, name) == ("string", "uuid"):
        return "uuid", uuid.UUID(value)
    if (what, name) == ("int", "date"):
        return "date", value
    if (what, name) in LOGICAL_EXAMPLES:
        about, _, unit = name.rpartition("-")
        return about, value * NANOS[unit]
    return "plain", value


def shown(meant):
    about, value = meant
    return repr(value) if about == "plain" else f"{about} {value}"


def same(meant, understood):
    """Text and bytes are promoted to each other, if they are the same on the wire."""
    one, other = (
        (about, value.encode() if isinstance(value, str) else value)
        for about, value in (meant, understood)
    )
    return one == other


class Comparison:
    """Of a value that was written with what a reader of another version got. History has to read
    as it is; an older reader may take a symbol that it does not know for its default."""

    def __init__(self, history):
        self.history = history

    def values(self, writer, reader, written, read, path=""):
        """Raises Break unless `read` is what a reader has to get."""
        if kind(reader) not in ("record", "array", "map") and not fits(reader, read):
            raise Break(path, f"read {read!r}, which is not of the type")
        writer, reader = branch_of(writer, written), branch_of(reader, read)
        what = kind(writer)
        if what == kind(reader) == "record":
            self.records(writer, reader, written, read, path)
        elif what == kind(reader) and what in ("array", "map"):
            self.parts(writer, reader, written, read, path)
        elif what == kind(reader) == "enum":
            self.symbols(reader, written, read, path)
        else:
            self.meanings(writer, reader, written, read, path)

    def records(self, writer, reader, written, read, path):
        for field in reader["fields"]:
            name = field["name"]
            at = f"{path}.{name}".lstrip(".")
            source = same_field(field, writer["fields"])
            if source:
                value = written[source["name"]]
                self.values(source["type"], field["type"], value, read[name], at)
            elif not fits(field["type"], read[name]):
                raise Break(at, f"not written, read {read[name]!r}, which is not of the type")
            elif read[name] != default_of(field["type"], field["default"]):
                raise Break(at, f"not written, read {read[name]!r} instead of its default")

    def parts(self, writer, reader, written, read, path):
        inner, keys = ("items", range(len(written)))
        if kind(writer) == "map":
            inner, keys = ("values", written)
        if len(written) != len(read):
            raise Break(path, f"{len(written)} were written, {len(read)} are read")
        for key in keys:
            self.values(writer[inner], reader[inner], written[key], read[key], f"{path}[]")

    def symbols(self, reader, written, read, path):
        unknown = written not in reader["symbols"] and not self.history
        if read != (reader.get("default") if unknown else written):
            raise Break(path, f"written {written}, read {read}")

    def meanings(self, writer, reader, written, read, path):
        meant = meaning(writer, written)
        try:
            understood = meaning(reader, read)
        except ValueError as error:
            raise Break(path, f"written {shown(meant)}, read {read!r}: {error}") from error
        if not same(meant, understood):
            raise Break(path, f"written {shown(meant)}, read {shown(understood)}")


def same_field(field, others):
    """The field of that name; otherwise one that an alias of either version says is the same."""
    for other in others:
        if other["name"] == field["name"]:
            return other
    for other in others:
        if other["name"] in field.get("aliases", []) or field["name"] in other.get("aliases", []):
            return other
    return None


# Judging


def encode(schema, value):
    datum = io.BytesIO()
    fastavro.schemaless_writer(datum, schema, value)
    return datum.getvalue()


def decode(data, writer, reader=None):
    datum = io.BytesIO(data)
    with broken():
        value = fastavro.schemaless_reader(datum, writer, reader)
    if datum.read():
        raise Break("", "bytes are left after the datum")
    return value


def try_value(writer, reader, value, comparison):
    data = encode(writer.raw, value)
    raw = decode(data, writer.raw, reader.raw)
    comparison.values(writer.types, reader.types, value, raw)
    # A Python consumer gets what it would get if the reader's own version had been written.
    read = decode(data, writer.logical, reader.logical)
    expected = decode(encode(reader.raw, raw), reader.logical)
    for name, wanted in expected.items():
        if read[name] != wanted:
            raise Break(name, f"a Python consumer reads {read[name]!r} instead of {wanted!r}")


def compare(before, after):
    """Raises a Break for the first value that one writes and the other does not read."""
    for direction, writer, reader in (
        ("new reads old", before, after),
        ("old reads new", after, before),
    ):
        comparison = Comparison(history=reader is after)
        for value in examples(writer.types):
            try:
                try_value(writer, reader, value, comparison)
            except Break as error:
                error.proof["direction"] = direction
                raise


def judge(change):
    """{verdict, proof}; versions count from 1, as in a registry."""
    schemas = [*change["before"], change["after"]]
    at = []
    try:
        versions = []
        for number, schema in enumerate(schemas, 1):
            at = [number]
            versions.append(Version(schema))
        *earlier, after = versions
        for number, before in enumerate(earlier, 1):
            at = [number, len(schemas)]
            compare(before, after)
    except Break as error:
        return {"verdict": "breaking", "proof": {"versions": at} | error.proof}
    return {"verdict": "compatible"}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("changes", help="schemas/corpus/changes.json")
    arguments = arguments.parse_args()
    with open(arguments.changes, encoding="utf-8") as file:
        changes = json.load(file)
    print(json.dumps({change["name"]: judge(change) for change in changes}, indent=1))


if __name__ == "__main__":
    main()
