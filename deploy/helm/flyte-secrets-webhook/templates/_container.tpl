{{/*
One container of the webhook: (list $ NAME ADMIN-PORT-NAME ADMIN-PORT).
*/}}
{{- define "fsw.container" -}}
{{- $root := index . 0 -}}
{{- $values := $root.Values -}}
{{- $settings := include "fsw.settings" $root | fromJson -}}
{{- $name := index . 1 -}}
{{- $adminName := index . 2 -}}
{{- $adminPort := index . 3 -}}
- name: {{ $name }}
  image: {{ include "fsw.image" (list $root $values.image) }}
  imagePullPolicy: {{ $values.image.pullPolicy }}
  command: ["/webhook", "run", "--config", "/etc/flyte-secrets-webhook/*.yaml"]
  {{- if $values.standby.enabled }}
  args:
    - --set=secretsWebhook.standbyLock=/run/flyte-secrets-webhook/serving
    - --set=secretsWebhook.adminPort={{ $adminPort }}
  {{- end }}
  env:
    - name: POD_NAME
      valueFrom:
        fieldRef:
          fieldPath: metadata.name
    - name: POD_NAMESPACE
      valueFrom:
        fieldRef:
          fieldPath: metadata.namespace
    {{- if not $values.aws.instanceMetadata }}
    - name: AWS_EC2_METADATA_DISABLED
      value: "true"
    {{- end }}
    {{- with $values.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    {{- if eq $name "webhook" }}
    - name: webhook
      containerPort: {{ $settings.listenPort }}
    {{- if $settings.cacheInvalidationPort }}
    - name: invalidate
      containerPort: {{ $settings.cacheInvalidationPort }}
    {{- end }}
    {{- end }}
    - name: {{ $adminName }}
      containerPort: {{ $adminPort }}
  startupProbe:
    httpGet:
      path: /livez
      port: {{ $adminName }}
    periodSeconds: 1
    failureThreshold: 60
  readinessProbe:
    httpGet:
      path: /readyz
      port: {{ $adminName }}
    periodSeconds: 2
    failureThreshold: 2
  livenessProbe:
    httpGet:
      path: /livez
      port: {{ $adminName }}
    periodSeconds: 10
    timeoutSeconds: 5
  resources:
    {{- toYaml $values.resources | nindent 4 }}
  securityContext:
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities:
      drop: [ALL]
  volumeMounts:
    {{- if $values.standby.enabled }}
    - name: run
      mountPath: /run/flyte-secrets-webhook
    {{- end }}
    - name: config
      mountPath: /etc/flyte-secrets-webhook
      readOnly: true
    {{- if not $settings.isManaged }}
    - name: certificates
      mountPath: /etc/webhook/certs
      readOnly: true
    {{- end }}
    {{- with $values.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}
