{{/* ── Names ── */}}

{{- define "fsw.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "fsw.fullname" -}}
{{- $name := include "fsw.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | replace "." "-" | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | replace "." "-" | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The full name with something behind it, still a DNS label. Takes a list: the root, the suffix. */}}
{{- define "fsw.suffixed" -}}
{{- $suffix := index . 1 -}}
{{- printf "%s-%s" (include "fsw.fullname" (index . 0) | trunc (sub 62 (len $suffix) | int) | trimSuffix "-") $suffix -}}
{{- end -}}

{{/* Of objects outside of namespaces: releases of one name in two namespaces must not meet. */}}
{{- define "fsw.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "fsw.fullname" .) -}}
{{- end -}}

{{- define "fsw.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "fsw.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "fsw.selectorLabels" -}}
app.kubernetes.io/name: {{ include "fsw.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "fsw.labels" -}}
{{ include "fsw.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: admission-webhook
app.kubernetes.io/part-of: flyte
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{/* Takes a list: the root, an image of the values. */}}
{{- define "fsw.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- $name := $image.repository -}}
{{- if $image.registry -}}
{{- $name = printf "%s/%s" (trimSuffix "/" $image.registry) $name -}}
{{- end -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $name $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default $root.Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{/* ── Settings, in Flyte's spelling or any other ── */}}

{{/* What is at a path of a map, whatever the case of the keys, as JSON: {"value": …}. Takes a list: the map, the names. */}}
{{- define "fsw.find" -}}
{{- $value := first . -}}
{{- range $name := rest . -}}
{{- $next := dict "value" nil -}}
{{- if kindIs "map" $value -}}
{{- range $key, $item := $value -}}
{{- if eq (lower $key) (lower $name) -}}
{{- $_ := set $next "value" $item -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $value = $next.value -}}
{{- end -}}
{{- dict "value" $value | toJson -}}
{{- end -}}

{{/* A duration of Go, or a number of seconds, in whole seconds. */}}
{{- define "fsw.seconds" -}}
{{- $units := dict "h" 3600.0 "m" 60.0 "s" 1.0 "ms" 0.001 "us" 0.000001 "ns" 0.000000001 "" 1.0 -}}
{{- $seconds := 0.0 -}}
{{- range $term := regexFindAll "[0-9.]+[a-z]*" (toString .) -1 -}}
{{- $amount := regexFind "^[0-9.]+" $term -}}
{{- $unit := trimPrefix $amount $term -}}
{{- $seconds = addf $seconds (mulf (float64 $amount) (get $units $unit | default 0.0)) -}}
{{- end -}}
{{- ceil $seconds | int -}}
{{- end -}}

{{/* What the chart has to know of Flyte's settings and ours, and what follows from it, as JSON. */}}
{{- define "fsw.settings" -}}
{{- $flyte := .Values.flyte -}}
{{- $certificates := .Values.certificates -}}
{{- $webhook := (include "fsw.find" (list $flyte "webhook") | fromJson).value -}}
{{- $settings := dict -}}
{{- range $name, $default := dict "serviceName" "flyte-pod-webhook" "secretName" "flyte-pod-webhook" "servicePort" 443 "listenPort" 9443 "cacheInvalidationPort" 9444 "webhookTimeout" 30 "disableCreateMutatingWebhookConfig" false "namespaceSelector" dict -}}
{{- $found := (include "fsw.find" (list $webhook $name) | fromJson).value -}}
{{- $_ := set $settings $name (ternary $default $found (kindIs "invalid" $found)) -}}
{{- end -}}
{{- $ours := (include "fsw.find" (list $flyte "secretsWebhook") | fromJson).value -}}
{{- range $name, $path := dict "adminPort" (list "adminPort") "drainDelay" (list "drain" "delay") "drainTimeout" (list "drain" "timeout") -}}
{{- $found := (include "fsw.find" (concat (list $.Values.secretsWebhook) $path) | fromJson).value -}}
{{- if kindIs "invalid" $found -}}
{{- $found = (include "fsw.find" (concat (list $ours) $path) | fromJson).value -}}
{{- end -}}
{{- $default := get (dict "adminPort" 10254 "drainDelay" "5s" "drainTimeout" "25s") $name -}}
{{- $_ := set $settings $name (ternary $default $found (kindIs "invalid" $found)) -}}
{{- end -}}
{{- range $name := list "servicePort" "listenPort" "cacheInvalidationPort" "adminPort" -}}
{{- $_ := set $settings $name (get $settings $name | toString | int) -}}
{{- end -}}
{{- if .Values.standby.enabled -}}
{{- $standbyPort := int (add 1 $settings.adminPort) -}}
{{- if or (gt $standbyPort 65535) (has $standbyPort (list $settings.listenPort $settings.cacheInvalidationPort)) -}}
{{- fail (printf "secretsWebhook.adminPort is %d, but the port above it, %d, is that of the second container's health and metrics: choose another one, or set standby.enabled: false" $settings.adminPort $standbyPort) -}}
{{- end -}}
{{- end -}}
{{- $_ := set $settings "timeoutSeconds" (max 1 (min 30 (include "fsw.seconds" $settings.webhookTimeout | int))) -}}
{{- $drain := add (include "fsw.seconds" $settings.drainDelay | int) (include "fsw.seconds" $settings.drainTimeout | int) -}}
{{- if le (int .Values.terminationGracePeriodSeconds) (int $drain) -}}
{{- fail (printf "terminationGracePeriodSeconds is %d, but draining takes up to %d s (secretsWebhook.drain.delay and drain.timeout): give more" (int .Values.terminationGracePeriodSeconds) (int $drain)) -}}
{{- end -}}
{{- $isFiles := eq $certificates.source "files" -}}
{{- if and $isFiles (not $certificates.existingSecret) -}}
{{- fail "certificates.source files needs certificates.existingSecret: the name of a Secret with tls.crt and tls.key" -}}
{{- end -}}
{{- if and (not $isFiles) (or $certificates.existingSecret $certificates.caBundle) -}}
{{- fail (printf "certificates.existingSecret and certificates.caBundle belong to certificates.source files, which is %s" $certificates.source) -}}
{{- end -}}
{{- if and (ne $certificates.source "cert-manager") $certificates.certManager.issuerRef -}}
{{- fail (printf "certificates.certManager.issuerRef belongs to certificates.source cert-manager, which is %s" $certificates.source) -}}
{{- end -}}
{{- $isManaged := eq $certificates.source "managed" -}}
{{- $_ := set $settings "isManaged" $isManaged -}}
{{/* Who makes the MutatingWebhookConfiguration: the chart where it knows the authority. */}}
{{- $registrar := "webhook" -}}
{{- if has (toString $settings.disableCreateMutatingWebhookConfig | lower) (list "true" "t" "1" "yes" "y" "on") -}}
{{- $registrar = "nobody" -}}
{{- else if or (eq $certificates.source "cert-manager") $certificates.caBundle -}}
{{- $registrar = "chart" -}}
{{- end -}}
{{- $_ := set $settings "registrar" $registrar -}}
{{- $_ := set $settings "needsApi" (or $isManaged (eq $registrar "webhook")) -}}
{{- $tlsSecret := $certificates.existingSecret -}}
{{- if eq $certificates.source "cert-manager" -}}
{{- $tlsSecret = include "fsw.suffixed" (list . "tls") -}}
{{- end -}}
{{- $_ := set $settings "tlsSecret" $tlsSecret -}}
{{- toJson $settings -}}
{{- end -}}

{{/* The second configuration file: what the chart decides, and `secretsWebhook` of the values. */}}
{{- define "fsw.config" -}}
{{- $settings := include "fsw.settings" . | fromJson -}}
{{- $webhook := dict "localCert" false -}}
{{- if not $settings.isManaged -}}
{{- $_ := set $webhook "certDir" "/etc/webhook/certs" -}}
{{- end -}}
{{- if eq $settings.registrar "chart" -}}
{{- $_ := set $webhook "disableCreateMutatingWebhookConfig" true -}}
{{- end -}}
{{- $ofFlyte := (include "fsw.find" (list .Values.flyte "webhook") | fromJson).value -}}
{{- $ours := deepCopy .Values.secretsWebhook -}}
{{- $embedded := dict -}}
{{- $region := (include "fsw.find" (list $ofFlyte "embeddedSecretManagerConfig" "awsConfig" "region") | fromJson).value -}}
{{- if and .Values.aws.region (not $region) -}}
{{- $_ := set $embedded "awsConfig" (dict "region" .Values.aws.region) -}}
{{- end -}}
{{- if .Values.initImages.secretsFetch.enabled -}}
{{- $image := include "fsw.image" (list . .Values.initImages.secretsFetch.image) -}}
{{- if not (include "fsw.find" (list $ofFlyte "awsSecretManager" "sidecarImage") | fromJson).value -}}
{{- $_ := set $webhook "awsSecretManager" (dict "sidecarImage" $image) -}}
{{- if not (include "fsw.find" (list .Values.flyte "secretsWebhook" "sidecar" "contract") | fromJson).value -}}
{{- $ours = mergeOverwrite (dict "sidecar" (dict "contract" "fsw")) $ours -}}
{{- end -}}
{{- end -}}
{{- if not (include "fsw.find" (list $ofFlyte "embeddedSecretManagerConfig" "fileMountInitContainer" "image") | fromJson).value -}}
{{- $_ := set $embedded "fileMountInitContainer" (dict "image" $image) -}}
{{- end -}}
{{- end -}}
{{- if $embedded -}}
{{- $_ := set $webhook "embeddedSecretManagerConfig" $embedded -}}
{{- end -}}
{{- $certificates := dict "source" "files" -}}
{{- if $settings.isManaged -}}
{{- $certificates = dict "source" "managed" "validity" .Values.certificates.validity "renewBefore" .Values.certificates.renewBefore "overlap" .Values.certificates.overlap "checkInterval" .Values.certificates.checkInterval -}}
{{- end -}}
{{- $_ := set $ours "certificates" $certificates -}}
{{- if $settings.needsApi -}}
{{- $_ := set $ours "registration" (dict "owner" (include "fsw.clusterName" .) "adopt" .Values.registration.adopt) -}}
{{- end -}}
{{- toYaml (dict "webhook" $webhook "secretsWebhook" $ours) -}}
{{- end -}}
