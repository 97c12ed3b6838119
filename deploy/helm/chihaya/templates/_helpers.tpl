{{- define "chihaya.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "chihaya.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "chihaya.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "chihaya.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "chihaya.selector" -}}
app.kubernetes.io/name: {{ include "chihaya.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "chihaya.labels" -}}
{{ include "chihaya.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "chihaya.image" -}}
{{ printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end -}}

{{/* The port of an address such as ":6969" or "0.0.0.0:6969", or of the first in a list. */}}
{{- define "chihaya.port" -}}
{{- $address := . -}}
{{- if kindIs "slice" . }}{{ $address = first . }}{{ end -}}
{{- regexFind "[0-9]+$" $address -}}
{{- end -}}

{{- define "chihaya.httpPort" -}}
{{- with .Values.config.http }}{{ with .addr }}{{ include "chihaya.port" . }}{{ end }}{{ end -}}
{{- end -}}

{{- define "chihaya.udpPort" -}}
{{- with .Values.config.udp }}{{ with .addr }}{{ include "chihaya.port" . }}{{ end }}{{ end -}}
{{- end -}}

{{- define "chihaya.operationsPort" -}}
{{- include "chihaya.port" (required "config.metrics_addr must be set: the probes need it" .Values.config.metrics_addr) -}}
{{- end -}}

{{/* Not empty if swarms are in Redis. */}}
{{- define "chihaya.redis" -}}
{{- if or .Values.redis.enabled .Values.redis.url .Values.redis.urlFromSecret (eq (dig "storage" "name" "memory" .Values.config) "redis") }}yes{{ end -}}
{{- end -}}

{{/* Not empty if several trackers may run side by side, apart from updates. */}}
{{- define "chihaya.several" -}}
{{- if or .Values.autoscaling.enabled (gt (int .Values.replicaCount) 1) }}yes{{ end -}}
{{- end -}}

{{- define "chihaya.secretName" -}}
{{- default (include "chihaya.fullname" .) .Values.secrets.existingSecret -}}
{{- end -}}

{{/* Not empty if connection ids have a secret that outlives a pod. */}}
{{- define "chihaya.udpKey" -}}
{{- if and (include "chihaya.udpPort" .) (or .Values.secrets.udpPrivateKey .Values.secrets.existingSecret) }}yes{{ end -}}
{{- end -}}

{{/* Not empty if the address of Redis is in a Secret. */}}
{{- define "chihaya.redisSecret" -}}
{{- if or .Values.redis.url .Values.redis.urlFromSecret }}yes{{ end -}}
{{- end -}}

{{/* The configuration file: the values, with the paths of the secrets. */}}
{{- define "chihaya.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- if include "chihaya.udpKey" . -}}
{{- $_ := set $config.udp "private_key_file" "/etc/chihaya/secrets/udp-private-key" -}}
{{- end -}}
{{- if or .Values.redis.enabled (include "chihaya.redisSecret" .) -}}
{{- $own := dig "storage" "config" (dict) $config -}}
{{- if .Values.redis.enabled -}}
{{- $_ := set $own "redis_broker" (printf "redis://%s-redis:6379/0" (include "chihaya.fullname" .)) -}}
{{- else -}}
{{- $_ := set $own "redis_broker_file" "/etc/chihaya/secrets/redis-url" -}}
{{- end -}}
{{- $_ := set $config "storage" (dict "name" "redis" "config" $own) -}}
{{- end -}}
{{- toYaml (dict "chihaya" $config) -}}
{{- end -}}

{{/* Refuses values that would result in a broken tracker. */}}
{{- define "chihaya.validate" -}}
{{- if not (or (include "chihaya.httpPort" .) (include "chihaya.udpPort" .)) -}}
{{- fail "\nconfig has neither http.addr nor udp.addr: there is nothing to serve" -}}
{{- end -}}
{{- if and (include "chihaya.several" .) (not (include "chihaya.redis" .)) -}}
{{- fail "\nSeveral trackers with swarms in memory would each know only some of the peers.\nKeep replicaCount at 1 and autoscaling off, or share Redis: set redis.url, redis.urlFromSecret or redis.enabled." -}}
{{- end -}}
{{- if and (include "chihaya.several" .) (include "chihaya.udpPort" .) (not (include "chihaya.udpKey" .)) -}}
{{- fail "\nSeveral trackers must share the secret behind UDP connection ids, or each would refuse the clients of the others.\nSet secrets.udpPrivateKey (32 random bytes: openssl rand -hex 32) or secrets.existingSecret." -}}
{{- end -}}
{{- if gt (len (compact (list (ternary "redis.enabled" "" .Values.redis.enabled) (ternary "redis.url" "" (ne .Values.redis.url "")) (ternary "redis.urlFromSecret" "" .Values.redis.urlFromSecret)))) 1 -}}
{{- fail "\nSet one of redis.enabled, redis.url and redis.urlFromSecret." -}}
{{- end -}}
{{- if and .Values.redis.urlFromSecret (not .Values.secrets.existingSecret) -}}
{{- fail "\nredis.urlFromSecret needs secrets.existingSecret, a Secret with the key redis-url." -}}
{{- end -}}
{{- if and .Values.secrets.existingSecret (or .Values.secrets.udpPrivateKey .Values.redis.url) -}}
{{- fail "\nWith secrets.existingSecret, put udp-private-key and redis-url there, and leave secrets.udpPrivateKey and redis.url empty." -}}
{{- end -}}
{{- end -}}
