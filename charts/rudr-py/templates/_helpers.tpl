{{/* The name of objects: release and chart, or the user's value. At most 47 characters, so that suffixes fit into 63. */}}
{{- define "rudr-py.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 47 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 47 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 47 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The selector of the pods. Immutable in a Deployment, so it depends on the release's name only. */}}
{{- define "rudr-py.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* The labels of an object, with `more` of its own. The selector's labels cannot be overridden. */}}
{{- define "rudr-py.labelsWith" -}}
{{- $chart := .root.Chart -}}
{{- $own := include "rudr-py.selector" .root | fromYaml -}}
{{- $own = merge $own (dict
  "helm.sh/chart" (printf "%s-%s" $chart.Name $chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
  "app.kubernetes.io/version" $chart.AppVersion
  "app.kubernetes.io/part-of" "core.oam.dev"
  "app.kubernetes.io/managed-by" .root.Release.Service) -}}
{{- merge $own .more .root.Values.commonLabels | toYaml -}}
{{- end -}}

{{- define "rudr-py.labels" -}}
{{- include "rudr-py.labelsWith" (dict "root" . "more" (dict)) -}}
{{- end -}}

{{/* The labels of the pods: without versions, so that a new chart version alone restarts no pods. */}}
{{- define "rudr-py.podLabels" -}}
{{- $own := merge (include "rudr-py.selector" . | fromYaml) (dict "app.kubernetes.io/part-of" "core.oam.dev") -}}
{{- merge $own .Values.podLabels .Values.commonLabels | toYaml -}}
{{- end -}}

{{- define "rudr-py.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "rudr-py.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "rudr-py.definitionsNamespace" -}}
{{- default .Release.Namespace .Values.definitionsNamespace.name -}}
{{- end -}}

{{- define "rudr-py.lease" -}}
{{- default (include "rudr-py.fullname" .) .Values.leaderElection.id -}}
{{- end -}}

{{/* True if image.repository is Rudr's own image, as in value files of its chart. That image is not used. */}}
{{- define "rudr-py.namesRudrsImage" -}}
{{- if regexMatch "(^|/)oamdev/rudr$" .Values.image.repository -}}true{{- end -}}
{{- end -}}

{{- define "rudr-py.image" -}}
{{- $rudrs := include "rudr-py.namesRudrsImage" . -}}
{{- $repository := ternary "rudr-py" .Values.image.repository (eq $rudrs "true") -}}
{{- $tag := ternary .Chart.AppVersion (default .Chart.AppVersion .Values.image.tag) (eq $rudrs "true") -}}
{{- with .Values.image.registry -}}{{- . -}}/{{- end -}}
{{- $repository -}}
{{- if and .Values.image.digest (not $rudrs) -}}@{{ .Values.image.digest }}{{- else -}}:{{ $tag }}{{- end -}}
{{- end -}}

{{/* True if the controller's permissions are granted. */}}
{{- define "rudr-py.rbac" -}}
{{- if and .Values.rbac.create .Values.enableRBAC -}}true{{- end -}}
{{- end -}}

{{/* The rules of one category (cluster, definitions, own, waits, cluster_waits) for the features enabled in values, as {rules: [...]}. */}}
{{- define "rudr-py.rules" -}}
{{- $root := .root -}}
{{- $sort := .sort -}}
{{- $rights := $root.Files.Get "generated/rights.yaml" | fromYaml -}}
{{- $parts := list "always" -}}
{{- if $root.Values.publishDefinitions }}{{ $parts = append $parts "publish" }}{{ end -}}
{{- if ne $root.Values.checkResources "off" }}{{ $parts = append $parts "checkResources" }}{{ end -}}
{{- if $root.Values.rootScopes }}{{ $parts = append $parts "rootScopes" }}{{ end -}}
{{- if $root.Values.leaderElection.enabled }}{{ $parts = append $parts "leaderElection" }}{{ end -}}
{{- $listed := dict -}}
{{- range $root.Values.plugins.packages }}{{ $_ := set $listed (.name | lower | replace "_" "-") true }}{{ end -}}
{{- range $name, $switch := $root.Values.plugins -}}
{{- if and (kindIs "map" $switch) (or $switch.rbac (hasKey $listed (printf "rudr-py-%s" $name))) }}{{ $parts = append $parts $name }}{{ end -}}
{{- end -}}
{{- $rules := list -}}
{{- range $parts }}{{ $rules = concat $rules (dig . $sort (list) $rights) }}{{ end -}}
{{- toYaml (dict "rules" $rules) | replace "$LEASE" (include "rudr-py.lease" $root) | replace "$DEFINITIONS" (include "rudr-py.definitionsNamespace" $root) -}}
{{- end -}}

{{/* True if the controller is limited to constrained impersonation. */}}
{{- define "rudr-py.constrained" -}}
{{- $served := semverCompare ">=1.36.0-0" .Capabilities.KubeVersion.Version -}}
{{- if eq (toString .Values.impersonation.constrained) "auto" -}}
{{- if $served }}true{{ end -}}
{{- else if .Values.impersonation.constrained }}true{{ end -}}
{{- end -}}

{{/* The controller's rules in every watched namespace, as {rules: [...]}. */}}
{{- define "rudr-py.controllerRules" -}}
{{- $rules := list -}}
{{- if .Values.impersonation.enabled -}}
{{- $names := concat (list .Values.impersonation.defaultAccount) .Values.impersonation.accounts | uniq -}}
{{- $rules = (include "rudr-py.rules" (dict "root" . "sort" "impersonating") | fromYaml).rules -}}
{{- if include "rudr-py.constrained" . -}}
{{- $rules = append $rules (dict "apiGroups" (list "authentication.k8s.io") "resources" (list "serviceaccounts") "verbs" (list "impersonate:serviceaccount") "resourceNames" $names) -}}
{{- $rules = concat $rules (include "rudr-py.rules" (dict "root" . "sort" "impersonate_on") | fromYaml).rules -}}
{{- else -}}
{{- $rules = append $rules (dict "apiGroups" (list "") "resources" (list "serviceaccounts") "verbs" (list "impersonate") "resourceNames" $names) -}}
{{- end -}}
{{- else -}}
{{- $rules = (include "rudr-py.rules" (dict "root" . "sort" "cluster") | fromYaml).rules -}}
{{- end -}}
{{- toYaml (dict "rules" $rules) -}}
{{- end -}}

{{/* True if the ValidatingAdmissionPolicy for authors is created. */}}
{{- define "rudr-py.authorPolicy" -}}
{{- $namespaced := and .Values.watchNamespaces (not .Values.crds.install) -}}
{{- $served := semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version -}}
{{- if eq (toString .Values.authorPolicy.create) "auto" -}}
{{- if and $served (not $namespaced) }}true{{ end -}}
{{- else if .Values.authorPolicy.create }}true{{ end -}}
{{- end -}}

{{/* Requirements for pip: each package with version and hashes, so that nothing else can be installed. */}}
{{- define "rudr-py.requirements" -}}
{{- range .Values.plugins.packages }}
{{ .name }}=={{ .version }}{{ range .hashes }} --hash={{ . }}{{ end }}
{{- end }}
{{- end -}}

{{/* Fails if values contradict each other in a way that their schema cannot express. */}}
{{- define "rudr-py.check" -}}
{{- if and (gt (int .Values.replicaCount) 1) (not .Values.leaderElection.enabled) -}}
{{- fail (printf "replicaCount is %d: more than one replica needs leaderElection.enabled" (int .Values.replicaCount)) -}}
{{- end -}}
{{- if and (gt (int .Values.shards) 1) (not .Values.leaderElection.enabled) -}}
{{- fail (printf "shards is %d: more than one shard needs leaderElection.enabled" (int .Values.shards)) -}}
{{- end -}}
{{- if and .Values.metrics.serviceMonitor.enabled (not (and .Values.metrics.enabled .Values.metrics.service.enabled)) -}}
{{- fail "metrics.serviceMonitor needs metrics.enabled and metrics.service.enabled; metrics.podMonitor needs no Service" -}}
{{- end -}}
{{- if and .Values.metrics.podMonitor.enabled (not .Values.metrics.enabled) -}}
{{- fail "metrics.podMonitor needs metrics.enabled" -}}
{{- end -}}
{{- end -}}

{{/* The defaults of pods, as key=value,...; empty if all are those of Rudr. */}}
{{- define "rudr-py.defaults" -}}
{{- $pairs := list }}
{{- with .Values.applicationDefaults }}
{{- if ne .podSecurity "none" }}{{ $pairs = append $pairs (printf "podSecurity=%s" .podSecurity) }}{{ end -}}
{{- with .imagePullPolicy }}{{ $pairs = append $pairs (printf "imagePullPolicy=%s" .) }}{{ end -}}
{{- range $name, $amount := .requests }}{{ $pairs = append $pairs (printf "requests.%s=%v" $name $amount) }}{{ end -}}
{{- range $name, $amount := .limits }}{{ $pairs = append $pairs (printf "limits.%s=%v" $name $amount) }}{{ end -}}
{{- end -}}
{{- join "," $pairs -}}
{{- end -}}

{{/* The arguments of the container. */}}
{{- define "rudr-py.args" -}}
- run
- --health-probe-bind-address=:8081
- --metrics-bind-address={{ if .Values.metrics.enabled }}:8080{{ end }}
{{- if .Values.healthScope.enabled }}
- --health-scope-bind-address=:8082
{{- end }}
{{- with .Values.watchNamespaces }}
- --watch-namespace={{ join "," . }}
{{- end }}
- --definitions-namespace={{ include "rudr-py.definitionsNamespace" . }}
- --{{ if not .Values.publishDefinitions }}no-{{ end }}publish-definitions
- --{{ if not .Values.rootScopes }}no-{{ end }}root-scopes
- --{{ if not .Values.instanceStatuses }}no-{{ end }}instance-statuses
- --check-resources={{ .Values.checkResources }}
- --removal-policy={{ .Values.removalPolicy }}
- --removal-deadline={{ .Values.removalDeadline }}
- --revision-history-limit={{ .Values.revisionHistoryLimit }}
- --component-updates={{ .Values.componentUpdates }}
{{- with .Values.impersonation }}
{{- if .enabled }}
- --impersonate
- --default-service-account={{ .defaultAccount }}
- --{{ if not .applicationAccounts }}no-{{ end }}application-service-accounts
{{- else }}
- --no-impersonate
{{- end }}
{{- end }}
- --workers={{ .Values.workers }}
- --cache-mebibytes={{ .Values.cacheMebibytes }}
{{- with .Values.sensitiveWords }}
- --sensitive-words={{ join "," . }}
{{- end }}
{{- with .Values.applicationLimits }}
{{- $limits := list }}
{{- range $name, $limit := . }}
{{- $limits = append $limits (printf "%s=%d" $name (int64 $limit)) }}
{{- end }}
- --limits={{ join "," $limits }}
{{- end }}
{{- with include "rudr-py.defaults" . }}
- --defaults={{ . }}
{{- end }}
{{- if .Values.leaderElection.enabled }}
- --leader-elect
- --leader-election-id={{ include "rudr-py.lease" . }}
- --leader-election-namespace={{ .Release.Namespace }}
{{- if gt (int .Values.shards) 1 }}
- --shards={{ int .Values.shards }}
{{- end }}
- --leader-elect-lease-duration={{ .Values.leaderElection.leaseDuration }}
- --leader-elect-renew-deadline={{ .Values.leaderElection.renewDeadline }}
- --leader-elect-retry-period={{ .Values.leaderElection.retryPeriod }}
{{- else }}
- --no-leader-elect
{{- end }}
{{- with .Values.plugins.only }}
- --plugins={{ join "," . }}
{{- end }}
{{- if .Values.plugins.strict }}
- --strict-plugins
{{- end }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}
