// Tokens, at a stack that lets nobody pass without one: it has the secret ONEWAY_JWT_SECRET, and
// accounts whose passwords are their names.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";

import { Listener, query } from "./lib/listener.mjs";
import { answerOf, newCorrelationId, newId, post } from "./lib/shop.mjs";
import { eventually, oneway, url } from "./lib/stack.mjs";

const SECRET = process.env.ONEWAY_JWT_SECRET;
const JSON_BODY = { "content-type": "application/json" };
const FORM = { "content-type": "application/x-www-form-urlencoded" };
const NOBODY = { authenticated: false };
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

async function ask(path, options = {}) {
  return answerOf(await fetch(url("tokens", path), { redirect: "manual", ...options }));
}

const login = (user, password = user, path = "/login") =>
  ask(path, { method: "POST", headers: JSON_BODY, body: JSON.stringify({ user, password }) });

/** The attributes of the cookie that an answer sets. */
function cookieOf(answer) {
  const [text] = answer.headers.getSetCookie();
  const [pair, ...flags] = text.split("; ");
  return { pair, flags: flags.sort() };
}

const sessions = new Map();

/** A session: the header that a browser sends then. One for each: logins are counted. */
async function session(user) {
  if (!sessions.has(user)) {
    const answer = await login(user);
    assert.equal(answer.status, 200, answer.text);
    sessions.set(user, { cookie: cookieOf(answer).pair });
  }
  return sessions.get(user);
}

const customer = (aggregateId = newId()) => ({
  aggregateName: "customer",
  aggregateId,
  command: "CREATE",
  payload: { name: "Anna", location: "Bern" },
  correlationId: newCorrelationId(),
});

const orders = async (headers) =>
  answerOf(await fetch(url("orders", "/query/overview/all"), { headers }));

function signed(claims, secret, algorithm = "HS256") {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: algorithm, typ: "JWT" })}.${part(claims)}`;
  const signature = createHmac("sha256", secret).update(text).digest("base64url");
  return algorithm === "none" ? `${text}.` : `${text}.${signature}`;
}

const claims = () => ({
  iss: "oneway",
  aud: "oneway",
  sub: "carl",
  roles: ["clerk"],
  exp: Math.floor(Date.now() / 1_000) + 300,
});

test("without a token nobody passes", async () => {
  for (const answer of [await post(customer()), await orders({})]) {
    assert.deepEqual([answer.status, answer.json?.code], [401, "no_token"], answer.text);
    assert.match(answer.headers.get("www-authenticate"), /^Bearer/);
  }
  const listener = new Listener({ transports: ["polling"] });
  const refused = await new Promise((resolve) => {
    listener.socket.on("connect_error", resolve);
    listener.socket.on("connect", () => resolve(undefined));
  });
  assert.ok(refused instanceof Error, "a socket is refused");
  listener.close();
  assert.deepEqual((await ask("/authStatus")).json, NOBODY);
  assert.equal((await ask("/getJwt", { method: "POST" })).status, 401);
});

test("a login sets the cookie, by which authStatus knows whom it has", async () => {
  const answer = await login("clerk");
  const { expiresAt, ...who } = answer.json;
  const clerk = { authenticated: true, subject: "clerk", roles: ["clerk"] };
  assert.deepEqual([answer.status, who], [200, clerk]);
  assert.match(expiresAt, ISO);
  assert.equal(answer.headers.get("cache-control"), "no-store");
  const { pair, flags } = cookieOf(answer);
  assert.match(pair, /^oneway_session=[\w-]+\.[\w-]+\.[\w-]+$/);
  assert.deepEqual(flags, ["HttpOnly", "Max-Age=900", "Path=/", "SameSite=Lax", "Secure"]);
  const status = await ask("/authStatus", { headers: { cookie: pair } });
  assert.deepEqual(status.json, { ...who, expiresAt });
  assert.equal((await post(customer(), { cookie: pair })).text, "OK");
});

test("a logout takes it back", async () => {
  const headers = await session("viewer");
  const answer = await ask("/logout", { headers });
  assert.deepEqual([answer.status, answer.json], [200, NOBODY]);
  const { pair, flags } = cookieOf(answer);
  assert.equal(pair, "oneway_session=");
  assert.ok(flags.includes("Max-Age=0"), flags.join());
  assert.deepEqual((await ask("/authStatus", { headers: { cookie: pair } })).json, NOBODY);
});

test("a wrong password is told as an unknown user is", async () => {
  const [wrong, unknown] = [await login("admin", "no"), await login("nobody", "no")];
  assert.deepEqual([wrong.status, wrong.json.code], [401, "bad_credentials"]);
  assert.deepEqual([unknown.status, unknown.json.detail], [401, wrong.json.detail]);
  for (const answer of [wrong, unknown]) assert.deepEqual(answer.headers.getSetCookie(), []);
});

test("a browser goes on to its page, and to no foreign place", async () => {
  const body = "user=approver&password=approver";
  const form = (place) =>
    ask(`/login?redirect=${place}`, { method: "POST", headers: FORM, body });
  for (const [place, location] of [
    ["/orders", "/orders"],
    ["http%3A%2F%2Flocalhost%3A5173%2Forders", "http://localhost:5173/orders"],
  ]) {
    const answer = await form(place);
    assert.deepEqual([answer.status, answer.headers.get("location")], [303, location]);
    assert.ok(cookieOf(answer).pair.length > 40);
    const left = await ask(`/logout?redirect=${place}`);
    assert.deepEqual([left.status, left.headers.get("location")], [303, location]);
  }
  for (const place of [
    "https%3A%2F%2Fevil.example",
    "//evil.example",
    "%2F%5Cevil.example",
    "%5C%5Cevil.example",
    "/%09/evil.example",
    "https:evil.example",
    "javascript%3Aalert(1)",
    "http%3A%2F%2Flocalhost%40evil.example",
  ]) {
    for (const answer of [await form(place), await ask(`/logout?redirect=${place}`)]) {
      const { status, headers } = answer;
      assert.deepEqual([status, headers.get("location")], [400, null], place);
      assert.deepEqual(headers.getSetCookie(), []);
    }
  }
});

test("getJwt gives the token as JSON or as text, good as a bearer", async () => {
  const headers = await session("clerk");
  const asJson = await ask("/getJwt", { method: "POST", headers });
  assert.deepEqual([asJson.status, Object.keys(asJson.json).sort()], [200, ["expiresAt", "jwt"]]);
  const wanted = { ...headers, accept: "text/plain" };
  const asText = await ask("/getJwt", { method: "POST", headers: wanted });
  assert.match(asText.type, /^text\/plain/);
  for (const jwt of [asJson.json.jwt, asText.text]) {
    const bearer = { authorization: `Bearer ${jwt}` };
    assert.equal((await post(customer(), bearer)).text, "OK");
    assert.ok(Array.isArray((await orders(bearer)).json));
  }
});

test("tokens that are signed with the secret are good, all others are not", async () => {
  const good = { authorization: `Bearer ${signed(claims(), SECRET)}` };
  const command = customer();
  assert.equal((await post(command, good)).text, "OK");
  // What the token says reaches whoever decides: it is recorded with the command and its event.
  const trace = () => oneway("trace", command.correlationId, "--json");
  const look = async () => JSON.parse(await trace()).records;
  const records = await eventually("a trace", look, (found) =>
    found.some(({ kind }) => kind === "event"),
  );
  for (const { kind, actor } of records) {
    if (kind === "command" || kind === "event") assert.equal(actor, "carl", kind);
  }
  for (const token of [
    signed(claims(), "another secret, which is as long as that one"),
    signed(claims(), SECRET, "none"),
    signed({ ...claims(), exp: 1 }, SECRET),
    signed({ ...claims(), aud: "others" }, SECRET),
    signed({ ...claims(), iss: "others" }, SECRET),
    "garbage",
  ]) {
    for (const answer of [
      await post(customer(), { authorization: `Bearer ${token}` }),
      await orders({ cookie: `oneway_session=${token}` }),
    ]) {
      assert.deepEqual([answer.status, answer.json?.code], [401, "invalid_token"], token);
    }
  }
});

test("roles say who may: a viewer looks on, an approver confirms", async () => {
  const [clerk, viewer, approver] = [
    await session("clerk"),
    await session("viewer"),
    await session("approver"),
  ];
  const aggregateId = newId();
  const payload = { customerId: newId(), text: "a shelf", value: "1500" };
  const order = { aggregateName: "order", aggregateId, command: "CREATE", payload };
  const confirm = { aggregateName: "order", aggregateId, command: "CONFIRM" };
  assert.equal((await post(order, clerk)).text, "OK");
  for (const headers of [viewer, clerk]) {
    const answer = await post(confirm, headers);
    assert.deepEqual([answer.status, answer.json.code], [403, "forbidden"]);
    assert.equal(answer.json.right, "order.CONFIRM");
  }
  assert.equal((await post(confirm, approver)).text, "OK");
  const look = async () => (await orders(viewer)).json;
  await eventually("the viewer to see it", look, (rows) =>
    rows.some(({ id, status }) => id === aggregateId && status === "confirmed"),
  );
});

test("a cookie is of no use to pages of other origins", async () => {
  const headers = await session("clerk");
  const foreign = await post(customer(), { ...headers, origin: "https://evil.example" });
  assert.deepEqual([foreign.status, foreign.json.code], [403, "origin_not_allowed"]);
  const own = await post(customer(), { ...headers, origin: "http://localhost:5173" });
  assert.equal(own.text, "OK");
});

test("a page that is logged in hears of changes", async () => {
  const extraHeaders = await session("clerk");
  const list = query("orders", "overview");
  for (const transports of [["polling", "websocket"], ["websocket"]]) {
    const listener = await Listener.open([list], { transports, extraHeaders });
    await listener.settled();
    const aggregateId = newId();
    const payload = { customerId: newId(), text: "CD", value: "1" };
    const order = { aggregateName: "order", aggregateId, command: "CREATE", payload };
    assert.equal((await post(order, extraHeaders)).text, "OK");
    await listener.until("a new row", list, ({ details }) => details?.id === aggregateId);
    listener.close();
  }
});
