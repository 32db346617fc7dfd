"""Avro schemas as the oracle walks them. Values are raw here: the numbers and bytes on the wire."""

PRIMITIVES = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}
NAMED = {"record", "error", "enum", "fixed"}


def kind(schema):
    return "union" if isinstance(schema, list) else schema["type"]


def expand(schema, names, namespace=""):
    """The schema with every type as an object (or a list: a union), and references followed:
    recursive ones make it a graph."""
    if isinstance(schema, list):
        return [expand(branch, names, namespace) for branch in schema]
    if isinstance(schema, str):
        if schema in PRIMITIVES:
            return {"type": schema}
        return names[full_name(schema, namespace)]
    if isinstance(schema["type"], (dict, list)):
        return expand(schema["type"], names, namespace)
    own = dict(schema)
    if own["type"] in NAMED:
        own["name"] = full_name(schema["name"], schema.get("namespace", namespace))
        namespace = own["name"].rpartition(".")[0]
        names[own["name"]] = own
    elif own["type"] not in PRIMITIVES | {"array", "map"}:
        return names[full_name(own["type"], namespace)]
    for inner in ("items", "values"):
        if inner in own:
            own[inner] = expand(own[inner], names, namespace)
    if "fields" in own:
        own["fields"] = [
            field | {"type": expand(field["type"], names, namespace)} for field in own["fields"]
        ]
    return own


def full_name(name, namespace):
    return name if "." in name or not namespace else f"{namespace}.{name}"


def without_logical_types(schema):
    if isinstance(schema, list):
        return [without_logical_types(branch) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    own = {key: value for key, value in schema.items() if key != "logicalType"}
    for inner in ("type", "items", "values"):
        if inner in own:
            own[inner] = without_logical_types(own[inner])
    if "fields" in own:
        own["fields"] = [without_logical_types(field) for field in own["fields"]]
    return own


def logical(schema):
    return kind(schema), schema.get("logicalType") if isinstance(schema, dict) else None


def is_decimal(schema):
    return logical(schema) in {("bytes", "decimal"), ("fixed", "decimal")}


def fits(schema, value):
    """Whether it is a raw value of this type."""
    what = kind(schema)
    if what == "union":
        return any(fits(branch, value) for branch in schema)
    if what in ("int", "long"):
        limit = 2 ** (31 if what == "int" else 63)
        return type(value) is int and -limit <= value < limit
    if what == "record":
        fields = {field["name"]: field["type"] for field in schema["fields"]}
        return isinstance(value, dict) and value.keys() == fields.keys() and all(
            fits(type_, value[name]) for name, type_ in fields.items()
        )
    if what == "array":
        return isinstance(value, list) and all(fits(schema["items"], item) for item in value)
    if what == "map":
        return isinstance(value, dict) and all(fits(schema["values"], value[key]) for key in value)
    if what == "enum":
        return value in schema["symbols"]
    if what == "fixed":
        return isinstance(value, bytes) and len(value) == schema["size"]
    types = {"null": type(None), "boolean": bool, "bytes": bytes, "string": str}
    return isinstance(value, types.get(what, (int, float)))


def branch_of(schema, value):
    if kind(schema) != "union":
        return schema
    return next(branch for branch in schema if fits(branch, value))


def default_of(schema, value):
    """The raw value that a default in a schema stands for; not of the type if it is none."""
    what = kind(schema)
    if what == "union":
        values = [default_of(branch, value) for branch in schema]
        return next((one for branch, one in zip(schema, values) if fits(branch, one)), value)
    if what in ("bytes", "fixed") and isinstance(value, str):
        return value.encode("latin-1")
    if what == "record" and isinstance(value, dict):
        return {
            field["name"]: default_of(
                field["type"], value.get(field["name"], field.get("default"))
            )
            for field in schema["fields"]
        }
    if what == "array" and isinstance(value, list):
        return [default_of(schema["items"], item) for item in value]
    if what == "map" and isinstance(value, dict):
        return {key: default_of(schema["values"], item) for key, item in value.items()}
    return value
