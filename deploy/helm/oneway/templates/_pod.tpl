{{/* How clients reach Kafka and the registry: the same for services and Jobs. */}}
{{- define "oneway.logEnv" -}}
{{- $values := .root.Values -}}
{{- $kafka := $values.kafka -}}
{{- $secret := include "oneway.secret" (dict "root" .root "name" .name "secret" $kafka.credentials.secretName) -}}
- name: KAFKA_BROKERS
  value: {{ $kafka.brokers | quote }}
- name: KAFKA_SECURITY_PROTOCOL
  value: {{ $kafka.securityProtocol }}
{{- if and $kafka.ca.secretName (hasSuffix "SSL" $kafka.securityProtocol) }}
- name: KAFKA_CA_FILE
  value: /etc/oneway/kafka-ca/{{ $kafka.ca.key }}
{{- end }}
{{- if hasPrefix "SASL" $kafka.securityProtocol }}
- name: KAFKA_SASL_MECHANISM
  value: {{ $kafka.saslMechanism }}
- name: KAFKA_SASL_USERNAME
  {{- if $kafka.credentials.usernameKey }}
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: {{ $kafka.credentials.usernameKey }} } }
  {{- else }}
  value: {{ $secret }}
  {{- end }}
- name: KAFKA_SASL_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: {{ $kafka.credentials.passwordKey }} } }
{{- else if and (eq $kafka.securityProtocol "SSL") $secret }}
- name: KAFKA_CERTIFICATE_FILE
  value: /etc/oneway/kafka-user/{{ $kafka.credentials.certificateKey }}
- name: KAFKA_KEY_FILE
  value: /etc/oneway/kafka-user/{{ $kafka.credentials.privateKeyKey }}
{{- end }}
{{ include "oneway.registryEnv" . }}
{{- end -}}

{{/* How clients reach the registry, and what the installation is called. */}}
{{- define "oneway.registryEnv" -}}
{{- $values := .root.Values -}}
- name: SCHEMA_REGISTRY_URL
  value: {{ $values.schemaRegistry.url | quote }}
{{- if $values.schemaRegistry.ca.secretName }}
- name: SCHEMA_REGISTRY_CA_FILE
  value: /etc/oneway/registry-ca/{{ $values.schemaRegistry.ca.key }}
{{- end }}
{{- with $values.schemaRegistry.credentials }}
{{- if .secretName }}
{{- $registry := include "oneway.secret" (dict "root" $.root "name" $.name "secret" .secretName) }}
- name: SCHEMA_REGISTRY_USERNAME
  valueFrom: { secretKeyRef: { name: {{ $registry }}, key: {{ .usernameKey }} } }
- name: SCHEMA_REGISTRY_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ $registry }}, key: {{ .passwordKey }} } }
{{- end }}
{{- end }}
- name: ONEWAY_NAMESPACE
  value: {{ $values.namespace | quote }}
{{- end -}}

{{/* The files that `oneway.logEnv`, the URL of the database and some others name: pairs of name and secret. */}}
{{- define "oneway.secretVolumes" -}}
{{- $values := .root.Values -}}
{{- if .reads }}
{{- include "oneway.logVolumes" . }}
{{- end }}
{{- if and (eq .name "canary") $values.canary.token.secretName }}
canary-token: {{ $values.canary.token.secretName }}
{{- end }}
{{- end -}}

{{/* Those of whoever reads the log. */}}
{{- define "oneway.logVolumes" -}}
{{- $values := .root.Values -}}
{{- $kafka := $values.kafka -}}
{{- if and $kafka.ca.secretName (hasSuffix "SSL" $kafka.securityProtocol) }}
kafka-ca: {{ $kafka.ca.secretName }}
{{- end }}
{{- if and (eq $kafka.securityProtocol "SSL") $kafka.credentials.secretName }}
kafka-user: {{ include "oneway.secret" (dict "root" .root "name" .name "secret" $kafka.credentials.secretName) }}
{{- end }}
{{- with $values.schemaRegistry.ca.secretName }}
registry-ca: {{ . }}
{{- end }}
{{- if and .database $values.database.ca.secretName }}
database: {{ $values.database.ca.secretName }}
{{- end }}
{{- if and (eq .name "email-campaign") $values.smtp.ca.secretName }}
smtp-ca: {{ $values.smtp.ca.secretName }}
{{- end }}
{{- end -}}

{{/* The pod of a service. */}}
{{- define "oneway.pod" -}}
{{- $root := .root }}{{ $service := .service }}{{ $settings := .settings -}}
{{- $values := $root.Values -}}
{{- $name := $service.name -}}
{{- $own := include "oneway.prefix" $service -}}
{{- $isWriter := eq $name "command-processor" -}}
{{- $secrets := include "oneway.secretVolumes" (dict "root" $root "name" $name "reads" $service.reads "database" $service.database) | fromYaml -}}
metadata:
  labels:
    {{- include "oneway.labels" (dict "root" $root "name" $name) | nindent 4 }}
  annotations:
    prometheus.io/scrape: "true"
    prometheus.io/port: {{ $service.admin_port | quote }}
    prometheus.io/path: /metrics
    {{- with $values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  serviceAccountName: {{ $root.Release.Name }}-services
  automountServiceAccountToken: false
  enableServiceLinks: false
  # A service has 30 s to finish what it has begun, after the wait below.
  terminationGracePeriodSeconds: 45
  securityContext:
    {{- include "oneway.podSecurity" . | nindent 4 }}
  {{- with $values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- with $values.nodeSelector }}
  nodeSelector: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations: {{ toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "oneway.selector" (dict "root" $root "name" $name) | nindent 10 }}
  containers:
    - name: {{ $name }}
      image: {{ include "oneway.image" $root | quote }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      args: [{{ $name }}]
      securityContext:
        {{- include "oneway.containerSecurity" . | nindent 8 }}
      ports:
        {{- with $service.http_port }}
        - { name: http, containerPort: {{ . }} }
        {{- end }}
        - { name: admin, containerPort: {{ $service.admin_port }} }
      {{- if and $service.http_port (semverCompare ">=1.30.0-0" $root.Capabilities.KubeVersion.Version) }}
      # Whoever asks learns moments later that the pod goes: until then it takes connections.
      lifecycle: { preStop: { sleep: { seconds: 5 } } }
      {{- end }}
      startupProbe:
        httpGet: { path: /health/live, port: admin }
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet: { path: /health/live, port: admin }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: { path: /health/ready, port: admin }
        periodSeconds: 5
        timeoutSeconds: 5
        failureThreshold: 2
      resources: {{ toYaml $settings.resources | nindent 8 }}
      env:
        - name: LOG_FORMAT
          value: json
        - name: RUST_LOG
          value: {{ $values.logLevel | quote }}
        - name: {{ $own }}_ADMIN_ADDRESS
          value: 0.0.0.0:{{ $service.admin_port }}
        {{- if $service.http_port }}
        - name: {{ $own }}_HTTP_ADDRESS
          value: 0.0.0.0:{{ $service.http_port }}
        {{- include "oneway.authEnv" $root | nindent 8 }}
        {{- end }}
        {{- if $service.reads }}
        {{- include "oneway.logEnv" (dict "root" $root "name" $name) | nindent 8 }}
        {{- end }}
        {{- if $service.database }}
        - name: DATABASE_URL
          valueFrom: { secretKeyRef: { name: {{ include "oneway.secret" (dict "root" $root "name" $name "secret" $values.database.secretName) }}, key: {{ $values.database.key }} } }
        {{- end }}
        {{- if $isWriter }}
        # Its transactional ids follow from it: a pod that comes back fences what it left open.
        # Consumers have none: pods come and go under other names, and a member without one leaves
        # its partitions to others at once.
        - name: ONEWAY_INSTANCE
          valueFrom: { fieldRef: { fieldPath: metadata.name } }
        {{- if $values.checkpoints.enabled }}
        - name: COMMAND_PROCESSOR_CHECKPOINT_DIR
          value: /var/lib/oneway/checkpoints
        {{- end }}
        {{- end }}
        {{- if eq $name "operator" }}
        - name: OPERATOR_SERVICES
          value: {{ include "oneway.urls" (dict "root" $root "port" "admin_port") | quote }}
        - name: OPERATOR_TOOL
          value: /usr/local/bin/oneway
        {{- end }}
        {{- if and (eq $name "email-campaign") $values.smtp.ca.secretName }}
        - name: EMAIL_CAMPAIGN_SMTP_CA_FILE
          value: /etc/oneway/smtp-ca/{{ $values.smtp.ca.key }}
        {{- end }}
        {{- if eq $name "web-ui" }}
        - name: WEB_UI_SERVICES
          value: {{ include "oneway.urls" (dict "root" $root "port" "http_port") | quote }}
        {{- end }}
        {{- if eq $name "canary" }}
        - name: CANARY_SERVICES
          value: {{ include "oneway.urls" (dict "root" $root "port" "http_port" "only" (include "oneway.canaryAsks" $root | fromYamlArray)) | quote }}
        {{- with $values.canary.token }}
        {{- if .secretName }}
        - name: CANARY_TOKEN_FILE
          value: /etc/oneway/canary-token/{{ .key }}
        {{- end }}
        {{- end }}
        {{- end }}
        {{- with $values.otlp }}
        {{- if .endpoint }}
        - name: OTEL_EXPORTER_OTLP_ENDPOINT
          value: {{ .endpoint | quote }}
        - name: OTEL_TRACES_SAMPLER_ARG
          value: {{ .ratio | quote }}
        {{- if .headers.secretName }}
        - name: OTEL_EXPORTER_OTLP_HEADERS
          valueFrom: { secretKeyRef: { name: {{ .headers.secretName }}, key: {{ .headers.key }} } }
        {{- end }}
        {{- end }}
        {{- end }}
        {{- range $variable, $value := $settings.env }}
        - name: {{ $variable }}
          value: {{ $value | quote }}
        {{- end }}
        {{- range $variable, $from := $settings.secretEnv }}
        - name: {{ $variable }}
          valueFrom: { secretKeyRef: { name: {{ $from.name }}, key: {{ $from.key }} } }
        {{- end }}
      {{- $checkpoints := and $isWriter $values.checkpoints.enabled }}
      {{- if or $secrets $checkpoints }}
      volumeMounts:
        {{- range $volume, $_ := $secrets }}
        - { name: {{ $volume }}, mountPath: /etc/oneway/{{ $volume }}, readOnly: true }
        {{- end }}
        {{- if $checkpoints }}
        - { name: checkpoints, mountPath: /var/lib/oneway/checkpoints }
        {{- end }}
      {{- end }}
  {{- with $secrets }}
  volumes:
    {{- range $volume, $secret := . }}
    - name: {{ $volume }}
      secret: { secretName: {{ $secret }}, defaultMode: 0440 }
    {{- end }}
  {{- end }}
{{- end -}}

{{/* Who may ask. */}}
{{- define "oneway.authEnv" -}}
{{- with .Values.auth -}}
- name: ONEWAY_ANONYMOUS
  value: {{ .anonymous | quote }}
- name: ONEWAY_JWT_ISSUER
  value: {{ .issuer | quote }}
- name: ONEWAY_JWT_AUDIENCE
  value: {{ .audience | quote }}
{{- with .jwtKeys }}
- name: ONEWAY_JWT_KEYS
  value: {{ . | quote }}
{{- end }}
{{- if .jwtSecret.secretName }}
- name: ONEWAY_JWT_SECRET
  valueFrom: { secretKeyRef: { name: {{ .jwtSecret.secretName }}, key: {{ .jwtSecret.key }} } }
{{- end }}
{{- with .corsOrigins }}
- name: ONEWAY_CORS_ORIGINS
  value: {{ . | quote }}
{{- end }}
{{- with .trustedProxies }}
- name: ONEWAY_TRUSTED_PROXIES
  value: {{ . | quote }}
{{- end }}
- name: ONEWAY_RATE_LIMIT
  value: {{ .rateLimit | quote }}
{{- end -}}
{{- end -}}
