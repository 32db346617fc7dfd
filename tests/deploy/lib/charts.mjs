// The chart as it is rendered for the three files of values and for what they leave out; once for
// all tests of a process.
import { render } from "./tools.mjs";
import { topics, yaml } from "./workspace.mjs";

const CHART = "deploy/helm/oneway";

/** What the files of values do not show. */
const EXTRAS = {
  scram: {
    namespace: "t1.",
    kafka: { securityProtocol: "SASL_SSL", saslMechanism: "SCRAM-SHA-512" },
    strimzi: { authentication: "scram-sha-512" },
    schemaRegistry: { url: "https://registry:8443/apis/ccompat/v7", ca: { secretName: "registry-ca" } },
    database: { ca: { secretName: "database-ca" } },
    smtp: { ca: { secretName: "mail-ca" } },
    topics: { partitions: 12, replication: 2 },
    serviceDefaults: { maxReplicas: 40 },
    services: { tokens: { enabled: true }, orders: { strategy: "Recreate", lagThreshold: 50 } },
  },
  everything: {
    services: { canary: { enabled: true } },
    canary: { token: { secretName: "canary", key: "jwt" } },
    otlp: { endpoint: "http://collector:4318", ratio: 0.01, headers: { secretName: "collector" } },
    auth: { jwtKeys: "", jwtSecret: { secretName: "jwt" }, corsOrigins: "https://x.example", trustedProxies: "10.0.0.0/8", rateLimit: 50 },
    image: { pullSecrets: ["pull"] },
    checkpoints: { storageClassName: "fast" },
    ingress: { enabled: true, className: "nginx", tlsSecretName: "tls", annotations: { a: "b" } },
    networkPolicies: {
      kafka: { ports: [9093], to: [{ podSelector: { matchLabels: { "strimzi.io/cluster": "oneway" } } }] },
      fromIngress: [{ namespaceSelector: { matchLabels: { name: "ingress" } } }],
      fromMonitoring: [{ namespaceSelector: { matchLabels: { name: "monitoring" } } }],
    },
    nodeSelector: { a: "b" },
    tolerations: [{ key: "a", operator: "Exists" }],
    podAnnotations: { a: "b" },
  },
  bare: {
    jobs: { topics: false, schemas: false, verifyHistory: false },
    keda: { enabled: false },
    networkPolicies: { enabled: false },
    services: { orders: { enabled: false } },
  },
};

/** Values that must be refused, and what is said. */
export const REFUSED = {
  typo: [{ kafka: { broker: "a:1" } }, /broker/],
  mechanism: [{ kafka: { securityProtocol: "SASL_SSL" } }, /saslMechanism/],
  protocol: [{ kafka: { securityProtocol: "TLS" } }, /securityProtocol/],
  keys: [{ auth: { jwtKeys: "" } }, /auth/],
  replicas: [{ services: { "command-processor": { replicas: topics.partitions + 1 } } }, /never become ready/],
  setting: [{ services: { orders: { replica: 1 } } }, /replica/],
  stranger: [{ services: { ordres: { replicas: 1 } } }, /there is no service ordres/],
};

const FILES = {
  strimzi: `${CHART}/values.yaml`,
  managed: `${CHART}/values-managed.yaml`,
  small: `${CHART}/values-small.yaml`,
};

const rendered = render({
  ...FILES,
  ...EXTRAS,
  ...Object.fromEntries(Object.entries(REFUSED).map(([name, [values]]) => [`refused-${name}`, values])),
});

export const lint = rendered.lint;
export const refusal = (name) => rendered[`refused-${name}`].error;

/** The documents of each variant that must be good. */
export const charts = [...Object.keys(FILES), ...Object.keys(EXTRAS)].map((name) => {
  const { documents, error } = rendered[name];
  if (error) throw new Error(`${name}: ${error}`);
  const of = (kind) => documents.filter((document) => document.kind === kind);
  const named = (kind, named) => of(kind).find((document) => document.metadata.name === named);
  const given = EXTRAS[name] ?? yaml(FILES[name]);
  // People log in elsewhere, and what is optional has to be asked for.
  const isEnabled = ({ name, optional }) => given.services?.[name]?.enabled ?? !(name === "tokens" || optional);
  return { name, documents, of, named, isEnabled, values: EXTRAS[name] ?? {} };
});

/** The pods of a chart: those of services and of Jobs. */
export const pods = ({ of }) =>
  ["Deployment", "StatefulSet", "Job"].flatMap((kind) => of(kind)).map((owner) => ({ owner, ...owner.spec.template }));
