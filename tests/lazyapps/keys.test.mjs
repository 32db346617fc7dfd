// Tokens of an issuer of one's own: its keys are made here, and published as a set that services
// read from the file ONEWAY_KEYS, or fetch from where the same file is served.
//
// `command-api` and one instance of `orders` read the file; the instance at ONEWAY_WEB_ORDERS
// fetches it.
import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { rename, writeFile } from "node:fs/promises";
import { test } from "node:test";

import { answerOf, newId, post } from "./lib/shop.mjs";
import { eventually, url } from "./lib/stack.mjs";

const FILE = process.env.ONEWAY_KEYS;
const WEB_ORDERS = process.env.ONEWAY_WEB_ORDERS;
const [ISSUER, AUDIENCE] = ["https://issuer.example", "shop"];

const MAKERS = {
  RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  EdDSA: () => generateKeyPairSync("ed25519"),
};

/** A key pair of the issuer. */
function makeKey(alg, kid) {
  const { publicKey, privateKey } = MAKERS[alg]();
  const jwk = { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" };
  return { alg, kid, publicKey, privateKey, jwk };
}

const makeKeys = (name) => Object.keys(MAKERS).map((alg) => makeKey(alg, `${name}-${alg}`));

/** Publishes a set of keys: whole, whenever it is read. */
async function publish(keys) {
  const set = { keys: [...keys.map(({ jwk }) => jwk), { kty: "oct", kid: "s", k: "c2VjcmV0" }] };
  await writeFile(`${FILE}.part`, JSON.stringify(set));
  await rename(`${FILE}.part`, FILE);
}

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

const claims = (roles, more = {}) => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: "carl",
  roles,
  exp: Math.floor(Date.now() / 1_000) + 600,
  ...more,
});

function token(key, said, header = {}) {
  const text = `${part({ alg: key.alg, kid: key.kid, typ: "JWT", ...header })}.${part(said)}`;
  const options = { key: key.privateKey, dsaEncoding: "ieee-p1363" };
  const signature = sign(key.alg === "EdDSA" ? null : "sha256", Buffer.from(text), options);
  return `${text}.${signature.toString("base64url")}`;
}

const bearer = (text) => ({ authorization: `Bearer ${text}` });

/** What becomes of a token at each service: by the file, and over the web. */
async function asked(text) {
  const headers = bearer(text);
  const places = [url("orders", ""), WEB_ORDERS];
  const ask = async (place) => answerOf(await fetch(`${place}/query/overview/all`, { headers }));
  return Promise.all(places.map(ask));
}

async function isRefused(text, what) {
  for (const { status, json } of await asked(text)) {
    assert.deepEqual([status, json?.code], [401, "invalid_token"], what);
  }
}

async function isTaken(text, what) {
  for (const { status, json, text: body } of await asked(text)) {
    assert.deepEqual([status, Array.isArray(json)], [200, true], `${what}: ${body}`);
  }
}

const first = makeKeys("first");

test("tokens by each kind of key are taken, with their roles", async () => {
  await publish(first);
  for (const key of first) {
    await isTaken(token(key, claims(["viewer"])), key.alg);
    // The only key of its kind needs no name.
    await isTaken(token(key, claims(["viewer"]), { kid: undefined }), `${key.alg} without kid`);

    const order = {
      aggregateName: "order",
      aggregateId: newId(),
      command: "CREATE",
      payload: { customerId: newId(), text: "a shelf", value: "1500" },
    };
    const confirm = { ...order, command: "CONFIRM", payload: {} };
    const as = (...roles) => bearer(token(key, claims(roles)));
    const viewer = await post(order, as("viewer"));
    assert.deepEqual([viewer.status, viewer.json.right], [403, "order.CREATE"], key.alg);
    assert.equal((await post(order, as("clerk"))).text, "OK", key.alg);
    const clerk = await post(confirm, as("clerk"));
    assert.deepEqual([clerk.status, clerk.json.right], [403, "order.CONFIRM"], key.alg);
    // Other issuers tell roles as scopes.
    const scoped = token(key, claims(undefined, { scope: "openid approver" }));
    assert.equal((await post(confirm, bearer(scoped))).text, "OK", key.alg);
    const [nobody] = await asked(token(key, claims(["nobody"])));
    assert.equal(nobody.status, 403, "a role that is in no table");
  }
});

test("tokens that are not by a key of the set are refused", async () => {
  const [rsa, ec, ed] = first;
  for (const key of first) {
    const stranger = { ...makeKey(key.alg, key.kid) };
    await isRefused(token(stranger, claims(["admin"])), `${key.alg} by another key of that name`);
    await isRefused(token({ ...key, kid: "no-such" }, claims(["admin"])), `${key.alg}: kid`);
    const good = token(key, claims(["admin"]));
    await isRefused(`${good.slice(0, -8)}AAAAAAAA`, `${key.alg}: signature`);
    const [head, , signature] = good.split(".");
    const more = part(claims(["admin"], { sub: "eve" }));
    await isRefused(`${head}.${more}.${signature}`, `${key.alg}: claims`);
    for (const [what, wrong] of [
      ["issuer", { iss: "https://evil.example" }],
      ["audience", { aud: "others" }],
      ["expiry", { exp: 1 }],
      ["not before", { nbf: Math.floor(Date.now() / 1_000) + 600 }],
    ]) {
      await isRefused(token(key, claims(["admin"], wrong)), `${key.alg}: ${what}`);
    }
  }
  // A key is for its own algorithm, whatever the token says.
  await isRefused(token({ ...rsa, kid: ec.kid }, claims(["admin"])), "a kid of another kind");
  await isRefused(token(ed, claims(["admin"]), { alg: "none" }), "alg none");
  const pem = rsa.publicKey.export({ type: "spki", format: "pem" });
  const text = `${part({ alg: "HS256", kid: rsa.kid })}.${part(claims(["admin"]))}`;
  const forged = createHmac("sha256", pem).update(text).digest("base64url");
  await isRefused(`${text}.${forged}`, "a public key as a secret");
});

test("a rotation is picked up, and a key that was withdrawn is not taken any more", async () => {
  const second = makeKeys("second");
  // Both for a while, as issuers do it.
  await publish([...first, ...second]);
  for (const key of second) {
    const text = token(key, claims(["viewer"]));
    const statuses = async () => (await asked(text)).map(({ status }) => status);
    await eventually(`${key.kid} to be known`, statuses, (seen) => seen.every((s) => s === 200));
  }
  for (const key of first) await isTaken(token(key, claims(["viewer"])), `${key.kid} stays`);

  const third = makeKeys("third");
  await publish([...second, ...third]);
  const news = token(third[0], claims(["viewer"]));
  const statuses = async () => (await asked(news)).map(({ status }) => status);
  await eventually("the third keys to be known", statuses, (seen) => seen.every((s) => s === 200));
  for (const key of first) await isRefused(token(key, claims(["viewer"])), `${key.kid} is gone`);
  for (const key of second) await isTaken(token(key, claims(["viewer"])), `${key.kid} is there`);
});
