// The image: what can be said of it without a container engine.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";

import { validate } from "dockerfile-utils";

import { root, services, text } from "./lib/workspace.mjs";

const dockerfile = text("deploy/Dockerfile");
const last = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));

test("the Dockerfile is one", () => {
  const problems = (source) => validate(source).map(({ message, range }) => `${range.start.line + 1}: ${message}`);
  assert.deepEqual(problems(dockerfile), []);
  assert.notDeepEqual(problems(dockerfile.replace("WORKDIR /app", "WORKDRI /app")), []);
});

test("the image has what rootfs assembles, no root and no shell", () => {
  assert.match(last, /^FROM scratch$/m);
  assert.match(last, /^COPY --from=build \/rootfs \/$/m);
  assert.match(last, /^USER 65532:65532$/m);
  assert.doesNotMatch(last, /^RUN /m);
  assert.match(last, /^CMD \[/m);
  assert.match(dockerfile, /^RUN deploy\/image\/rootfs \/rootfs --binaries target\/release --sbom \.$/m);
});

test("it is compiled with the oldest Rust that the workspace allows, or newer", () => {
  const [, used] = dockerfile.match(/^ARG RUST=1\.(\d+)/m);
  const [, wanted] = text("Cargo.toml").match(/^rust-version = "1\.(\d+)"/m);
  assert.ok(Number(used) >= Number(wanted), `1.${used} is older than 1.${wanted}`);
});

// Where binaries are built: as the tests of the workspace have them.
if (process.env.ONEWAY_TOOL) {
  test("every binary starts in the root file system", () => {
    const folder = mkdtempSync(join(tmpdir(), "oneway-rootfs-"));
    try {
      const args = [join(folder, "rootfs"), "--binaries", dirname(process.env.ONEWAY_TOOL)];
      const said = execFileSync(join(root, "deploy/image/rootfs"), args, { encoding: "utf8" });
      for (const name of [...services.map((service) => service.name), "oneway", "all-in-one"]) {
        assert.match(said, new RegExp(`^${name} +\\S+ +starts$`, "m"));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
