"""Raw values of an Avro type, always the same ones: extremes, each branch of a union, each symbol,
empty and full arrays and maps."""

from avro_types import is_decimal, kind, logical

NANOS = {"millis": 1_000_000, "micros": 1_000, "nanos": 1}
DEEPEST = 2


def integers(bits):
    return [0, 1, -1, 2 ** (bits - 1) - 1, -(2 ** (bits - 1))]


EXAMPLES = {
    "null": [None],
    "boolean": [False, True],
    "int": integers(32),
    "long": integers(64),
    "float": [0.0, 1.5, -(2.0**127)],
    "double": [0.0, 0.1, -1.7e308],
    "bytes": [b"", b"\x00\xff"],
    "string": ["", "text", "Zoë paid 5 €"],
}
UUIDS = ["00000000-0000-0000-0000-000000000000", "f81d4fae-7dec-41d0-a765-00a0c91e6bf6"]
SECONDS = [0, 1_700_000_000, -2_000_000_000]
LOGICAL_EXAMPLES = {
    ("int", "date"): [0, 1, -1, 19_676, 2_932_896],
    ("int", "time-millis"): [0, 1, 86_399_999],
    ("long", "time-micros"): [0, 1, 86_399_999_999],
    ("string", "uuid"): UUIDS,
    **{
        ("long", f"{what}-{unit}"): [1, -1] + [s * 1_000_000_000 // NANOS[unit] for s in SECONDS]
        for what in ("timestamp", "local-timestamp")
        for unit in NANOS
    },
}


def decimals(schema):
    largest = 10 ** schema["precision"] - 1
    for number in (0, 1, -1, largest, -largest):
        size = schema.get("size", number.bit_length() // 8 + 1)
        if number.bit_length() < size * 8:
            yield number.to_bytes(size, "big", signed=True)


def examples(schema, above=()):
    """Values of a type. A record that is inside itself soon ends: no items, no optional parts."""
    what = kind(schema)
    if what == "record":
        return records(schema, above + (schema["name"],))
    deep = max((above.count(name) for name in above), default=0) >= DEEPEST
    if what == "union":
        branches = [b for b in schema if not deep or kind(b) == "null"] or schema
        return [value for branch in branches for value in examples(branch, above)]
    if what in ("array", "map") and deep:
        return [[] if what == "array" else {}]
    if what == "array":
        items = examples(schema["items"], above)
        return [[], items[:1], items]
    if what == "map":
        values = examples(schema["values"], above)
        return [{}, {f"key {n}": value for n, value in enumerate(values)}]
    if what == "enum":
        return schema["symbols"]
    if is_decimal(schema):
        return list(decimals(schema))
    if what == "fixed":
        return [bytes(schema["size"]), b"\xff" * schema["size"]]
    return LOGICAL_EXAMPLES.get(logical(schema), EXAMPLES[what])


def records(schema, above):
    """As few records as show each value of each field."""
    columns = {field["name"]: examples(field["type"], above) for field in schema["fields"]}
    rows = max(map(len, columns.values()), default=1)
    return [
        {name: values[row % len(values)] for name, values in columns.items()} for row in range(rows)
    ]
