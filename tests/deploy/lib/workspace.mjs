// What the system declares, read from the sources.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { parse, parseAllDocuments } from "yaml";

function find() {
  for (let at = import.meta.dirname; ; at = dirname(at)) {
    if (existsSync(join(at, "deploy/services.yaml"))) return at;
    if (at === dirname(at)) throw new Error("there is no deploy/services.yaml above");
  }
}

export const root = find();
/** The folder with the packages: where these files are, or what they were copied to. */
export const home = dirname(import.meta.dirname);

export const text = (path) => readFileSync(join(root, path), "utf8");
export const yaml = (path) => parse(text(path), { merge: true });

/** All documents of a text that are something. */
export function documents(of) {
  return parseAllDocuments(of).map((document) => {
    if (document.errors.length) throw document.errors[0];
    return document.toJS();
  }).filter(Boolean);
}

export const services = yaml("deploy/services.yaml");
export const topics = yaml("deploy/topics.yaml");

/** Names of environment variables, as deploy/env.example lists them (a test of ours holds it to the code). */
export const variables = new Set(
  [...text("deploy/env.example").matchAll(/^([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name),
);

/** Consumers: those with tables of their own, which take part in the group of their name. */
export const consumers = services.filter((service) => service.database === "own");

/** What a consumer's group reads. */
export const grouped = (service) => (service.reads ?? []).filter((topic) => topic.endsWith(".events"));

/** A service's own settings begin so. */
export const prefix = (name) => name.toUpperCase().replaceAll("-", "_");
