"""Asks a schema registry (the Confluent API) what it says of each change: under FULL_TRANSITIVE,
with the earlier versions registered in their order. Prints {change: {verdict, reason}} as JSON.
The subjects are its own; it deletes them."""

import argparse
import json
import sys
import urllib.error
import urllib.request
import uuid


def call(method, url, body=None):
    """(status, answer) of whatever the registry answers."""
    headers = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or b"{}")


class Subject:
    def __init__(self, registry, name):
        self.registry, self.name = registry.rstrip("/"), name

    def call(self, method, path, body=None):
        return call(method, self.registry + path.format(f"/subjects/{self.name}"), body)

    def require_full_transitive(self):
        status, answer = call(
            "PUT", f"{self.registry}/config/{self.name}", {"compatibility": "FULL_TRANSITIVE"}
        )
        assert status == 200, (status, answer)

    def register(self, schema):
        """None, or why it was refused."""
        status, answer = self.call("POST", "{}/versions", {"schema": json.dumps(schema)})
        assert status in (200, 409, 422), (status, answer)
        return None if status == 200 else self.reason(status, answer)

    def check(self, schema):
        """None, or why the schema does not go with all versions."""
        status, answer = self.call(
            "POST", "/compatibility{}/versions?verbose=true", {"schema": json.dumps(schema)}
        )
        assert status in (200, 409, 422), (status, answer)
        if status == 200 and answer["is_compatible"]:
            return None
        return self.reason(status, answer)

    def reason(self, status, answer):
        said = answer.get("messages") or [answer.get("message", "no reason given")]
        return f"{status}: " + "; ".join(said).replace(self.name, "the subject")

    def delete(self):
        self.call("DELETE", "{}")
        self.call("DELETE", "{}?permanent=true")


def judge(registry, change):
    """The verdict is that of the registration; `check` is there if the check says another."""
    subject = Subject(registry, f"corpus.{uuid.uuid4().hex}-{change['name']}")
    try:
        earlier = register_earlier(subject, change["before"])
        checked = subject.check(change["after"])
        refused = subject.register(change["after"])
    finally:
        subject.delete()
    verdict = {"verdict": "breaking" if refused else "compatible", "reason": refused}
    if bool(checked) != bool(refused):
        verdict["check"] = checked or "compatible"
    return verdict | ({"earlier": earlier} if earlier else {})


def register_earlier(subject, schemas):
    """The refusals, if there are any: then the verdict is on fewer versions than it should be."""
    refusals = []
    for number, schema in enumerate(schemas, 1):
        refused = subject.register(schema)
        if refused:
            refusals.append(f"version {number}: {refused}")
        if number == 1:
            subject.require_full_transitive()
    return refusals


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("changes", help="schemas/corpus/changes.json")
    arguments.add_argument("--registry", required=True, help="such as …/apis/ccompat/v7")
    arguments = arguments.parse_args()
    with open(arguments.changes, encoding="utf-8") as file:
        changes = json.load(file)
    verdicts = {change["name"]: judge(arguments.registry, change) for change in changes}
    json.dump(verdicts, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
