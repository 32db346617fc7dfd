// Judges documents by the schemas of Kubernetes and of KEDA.
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { home } from "./workspace.mjs";

const CORE = join(home, "node_modules/kubernetes-models/_schemas/IoK8sApi");
const KEDA = join(home, "node_modules/@kubernetes-models/keda/_schemas/ComGithubKedacoreKedaV2ApisKedaV1alpha1");

const SCHEMAS = {
  "apps/v1/Deployment": `${CORE}AppsV1Deployment`,
  "apps/v1/StatefulSet": `${CORE}AppsV1StatefulSet`,
  "batch/v1/Job": `${CORE}BatchV1Job`,
  "networking.k8s.io/v1/Ingress": `${CORE}NetworkingV1Ingress`,
  "networking.k8s.io/v1/NetworkPolicy": `${CORE}NetworkingV1NetworkPolicy`,
  "policy/v1/PodDisruptionBudget": `${CORE}PolicyV1PodDisruptionBudget`,
  "v1/ConfigMap": `${CORE}CoreV1ConfigMap`,
  "v1/Service": `${CORE}CoreV1Service`,
  "v1/ServiceAccount": `${CORE}CoreV1ServiceAccount`,
  "keda.sh/v1alpha1/ScaledObject": `${KEDA}ScaledObject`,
  "keda.sh/v1alpha1/TriggerAuthentication": `${KEDA}TriggerAuthentication`,
};

/**
 * Shows a value to a validator and notes what it asks for. These schemas allow fields that they do
 * not know, where the API server drops them; but what is never asked for is not known.
 */
function watched(value, at, unknown) {
  if (value === null || typeof value !== "object") return value;
  const asked = new Set();
  const inside = new Map();
  let isMap = Array.isArray(value);
  unknown.push(() => {
    const left = isMap || asked.size === 0 ? [] : Object.keys(value).filter((key) => !asked.has(key));
    return left.map((key) => `${at}.${key} is unknown`);
  });
  return new Proxy(value, {
    get(_, key) {
      if (typeof key !== "string" || !Object.hasOwn(value, key)) return value[key];
      asked.add(key);
      if (!inside.has(key)) inside.set(key, watched(value[key], `${at}.${key}`, unknown));
      return inside.get(key);
    },
    ownKeys() {
      // Labels and the like are taken one by one.
      isMap = true;
      return Reflect.ownKeys(value);
    },
  });
}

/** What is wrong with a document; undefined when there is no schema for its kind. */
export async function problems(document) {
  const schema = SCHEMAS[`${document.apiVersion}/${document.kind}`];
  if (!schema) return undefined;
  const { validate } = await import(pathToFileURL(`${schema}.js`).href);
  const unknown = [];
  const isValid = validate(watched(document, document.kind, unknown));
  const errors = isValid ? [] : validate.errors.map((e) => `${e.instancePath} ${e.keyword} ${JSON.stringify(e.params)}`);
  return [...errors, ...unknown.flatMap((left) => left())];
}
