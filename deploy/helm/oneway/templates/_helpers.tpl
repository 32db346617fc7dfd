{{/* The services and topics that the system declares: the same files that the local stack reads. */}}
{{- define "oneway.services" -}}
{{- .Files.Get "files/services.yaml" -}}
{{- end -}}

{{/* The declaration of the topics, with what the installation overrides. */}}
{{- define "oneway.topics" -}}
{{- $topics := .Files.Get "files/topics.yaml" | fromYaml -}}
{{- with .Values.topics.partitions }}{{- $_ := set $topics "partitions" (int .) }}{{- end -}}
{{- with .Values.topics.replication }}{{- $_ := set $topics "replication" (int .) }}{{- end -}}
{{- toYaml $topics -}}
{{- end -}}

{{/* What an installation says of a service, on top of the defaults. */}}
{{- define "oneway.settings" -}}
{{- $own := index .root.Values.services .service.name | default dict -}}
{{- toYaml (mustMergeOverwrite (deepCopy .root.Values.serviceDefaults) (deepCopy $own)) -}}
{{- end -}}

{{- define "oneway.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* The name of a service's objects. */}}
{{- define "oneway.name" -}}
{{ printf "%s-%s" .root.Release.Name .name | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "oneway.secret" -}}
{{ .secret | replace "{release}" .root.Release.Name | replace "{service}" .name }}
{{- end -}}

{{- define "oneway.selector" -}}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/name: {{ .name }}
{{- end -}}

{{- define "oneway.labels" -}}
{{ include "oneway.selector" . }}
app.kubernetes.io/part-of: oneway
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "oneway.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "oneway.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* Own settings begin with the binary's name. */}}
{{- define "oneway.prefix" -}}
{{ .name | upper | replace "-" "_" }}
{{- end -}}

{{/* Whom the canary asks. */}}
{{- define "oneway.canaryAsks" -}}
[command-api, orders, change-notifier]
{{- end -}}

{{/* Where every service serves HTTP, or some, and where each tells its health: NAME=URL,… */}}
{{- define "oneway.urls" -}}
{{- $urls := list -}}
{{- range include "oneway.services" .root | fromYamlArray -}}
{{- $settings := include "oneway.settings" (dict "root" $.root "service" .) | fromYaml -}}
{{- $port := index . $.port -}}
{{- if and $settings.enabled $port (or (not $.only) (has .name $.only)) -}}
{{- $host := include "oneway.name" (dict "root" $.root "name" .name) -}}
{{- $urls = append $urls (printf "%s=http://%s:%v" .name $host $port) -}}
{{- end -}}
{{- end -}}
{{- join "," $urls -}}
{{- end -}}
