// Pins the modules whose custom resource definitions the manifests are checked against. No Go is
// compiled: tools/custom_schemas.py downloads each of these by itself and reads its YAML.
module cafe.example/tools/crds

go 1.26.0

require (
	github.com/argoproj/argo-cd/v3 v3.5.7
	github.com/argoproj/argo-rollouts v1.10.1
	github.com/dapr/dapr v1.18.2
	github.com/external-secrets/external-secrets v1.3.2
	github.com/kedacore/keda/v2 v2.20.2
	github.com/prometheus-operator/prometheus-operator v0.85.0
	istio.io/api v1.30.3
	sigs.k8s.io/gateway-api v1.6.3
)
