"""What each policy has to notice: objects, spoiled one at a time in everything it looks at."""

from typing import Final

from tests.manifests import policies_pods as pods
from tests.manifests import policies_references as references
from tests.manifests import policies_rollout as rollout
from tests.manifests.policies import Policy
from tests.manifests.spoil import Spoil
from tools.manifest_render import DEV

STAGING: Final = "k8s/overlays/staging"
KEDA: Final = f"{DEV} + keda"
CANARY: Final = f"{DEV} + rollouts"
ORDER: Final = "Deployment/order-svc"
SCALER: Final = "HorizontalPodAutoscaler/order-svc"
BUDGET: Final = "PodDisruptionBudget/order-svc"
NOBODY: Final = {"matchLabels": {"cafe.dev/tier": "nobody"}}
PORT: Final = {"name": "x", "port": 1, "targetPort": "nobody"}

SPOILED: Final[dict[Policy, list[Spoil]]] = {
    pods.what_listens_is_probed_for_start_life_and_readiness: [
        Spoil(ORDER, "APP startupProbe"),
        Spoil("StatefulSet/valkey", "APP livenessProbe"),
    ],
    pods.probes_ask_a_port_of_their_container: [
        Spoil(ORDER, "APP livenessProbe httpGet port", "nobody"),
        Spoil("StatefulSet/valkey", "APP startupProbe tcpSocket port", 1),
    ],
    pods.a_service_is_alive_without_being_ready: [
        Spoil(ORDER, "APP livenessProbe httpGet path", "/readyz"),
        Spoil(ORDER, "APP readinessProbe httpGet path", "/nothing"),
    ],
    pods.requests_and_limits_are_set: [
        Spoil(ORDER, "APP resources limits memory"),
        Spoil("StatefulSet", "APP resources"),
    ],
    pods.temporary_files_have_a_limit: [
        Spoil(ORDER, "POD volumes +", {"name": "more", "emptyDir": {}})
    ],
    pods.containers_are_restricted: [
        Spoil(ORDER, "APP securityContext allowPrivilegeEscalation"),
        Spoil(ORDER, "APP securityContext privileged", value=True),
        Spoil(ORDER, "APP securityContext readOnlyRootFilesystem"),
        Spoil(ORDER, "APP securityContext capabilities"),
        Spoil(ORDER, "APP securityContext capabilities add", ["NET_RAW"]),
        Spoil(ORDER, "APP securityContext runAsUser", 0),
        Spoil(ORDER, "POD securityContext runAsNonRoot"),
        Spoil(ORDER, "POD securityContext seccompProfile"),
    ],
    pods.the_environment_says_each_thing_once: [
        Spoil(ORDER, "APP env +", {"name": "APP_PORT", "value": "80"}),
        Spoil(ORDER, "POD enableServiceLinks"),
    ],
    pods.nothing_of_the_host_is_taken: [
        Spoil(ORDER, "POD hostNetwork", value=True),
        Spoil(ORDER, "POD volumes +", {"name": "node", "hostPath": {"path": "/"}}),
        Spoil(ORDER, "APP ports 0 hostPort", 80),
    ],
    pods.images_are_pinned: [
        Spoil(ORDER, "APP image", "localhost/order-svc:latest"),
        Spoil(ORDER, "APP image", "localhost:5000/order-svc"),
        Spoil(ORDER, "APP image", "order-svc:1"),
        Spoil(ORDER, "APP image", "ghcr.io/order-svc:main"),
        Spoil(ORDER, "POD initContainers", [{"name": "first", "image": "localhost/first:a"}]),
        Spoil(ORDER, "APP image", "ghcr.io/order-svc:1", STAGING),
    ],
    pods.apps_get_no_token_of_the_cluster: [
        Spoil(ORDER, "POD automountServiceAccountToken"),
        Spoil(ORDER, "POD serviceAccountName", "cafe-svc"),
    ],
    pods.sidecars_are_bounded_and_restricted: [
        Spoil(ORDER, "NOTES dapr.io/sidecar-memory-limit"),
        Spoil(ORDER, "NOTES dapr.io/sidecar-seccomp-profile-type"),
        Spoil(ORDER, "NOTES dapr.io/log-as-json"),
        Spoil(ORDER, "NOTES dapr.io/env", "A=1,GOMEMLIMIT=250MiB,B=2"),
    ],
    rollout.an_autoscaler_alone_says_how_many: [
        Spoil(ORDER, "spec replicas", 2),
        Spoil("ScaledObject/cafe-svc", "spec scaleTargetRef name", "mypage-svc", KEDA),
    ],
    rollout.an_autoscaler_counts_what_is_there: [
        Spoil(SCALER, "spec metrics 0 containerResource container", "daprd"),
        Spoil(ORDER, "APP resources requests cpu"),
        Spoil(SCALER, "spec metrics 0", {"type": "Resource", "resource": {"name": "cpu"}}),
        Spoil(SCALER, "spec minReplicas", 1),
        Spoil(SCALER, "spec maxReplicas", 1),
        Spoil(SCALER, "spec maxReplicas", 2, DEV),
        Spoil("ScaledObject/cafe-svc", "spec maxReplicaCount", 2, KEDA),
        Spoil("ScaledObject", "spec minReplicaCount", rendering=KEDA),
    ],
    rollout.what_is_scaled_has_a_disruption_budget: [
        Spoil(BUDGET, ""),
        Spoil(BUDGET, "spec maxUnavailable", 2),
        Spoil(BUDGET, "spec unhealthyPodEvictionPolicy"),
        Spoil(BUDGET, "spec selector matchLabels", {"app.kubernetes.io/part-of": "cafe"}),
    ],
    rollout.what_is_scaled_is_spread: [
        Spoil("Deployment/edge", "POD topologySpreadConstraints 0"),
        Spoil(ORDER, "POD topologySpreadConstraints 0 matchLabelKeys"),
        Spoil(ORDER, "POD topologySpreadConstraints 0 labelSelector", {}),
    ],
    rollout.what_is_scaled_rolls_without_a_gap: [
        Spoil(ORDER, "spec strategy rollingUpdate maxUnavailable", 1),
        Spoil(ORDER, "spec minReadySeconds"),
        Spoil(ORDER, "APP lifecycle"),
    ],
    rollout.there_is_time_to_stop: [
        Spoil(ORDER, "POD terminationGracePeriodSeconds", 30),
        Spoil(ORDER, "NOTES dapr.io/block-shutdown-duration", "1m"),
        Spoil(ORDER, "APP env +", {"name": "DRAIN_S", "value": "40"}),
        Spoil("Deployment/edge", "POD terminationGracePeriodSeconds", 5),
    ],
    rollout.sidecars_serve_as_long_as_they_are_called: [
        Spoil(ORDER, "NOTES dapr.io/block-shutdown-duration"),
        Spoil(ORDER, "NOTES dapr.io/block-shutdown-duration", "2m"),
        Spoil(ORDER, "APP env +", {"name": "DRAIN_NOTICE_S", "value": "1"}),
        Spoil(ORDER, "APP lifecycle preStop sleep seconds", 60),
    ],
    rollout.the_test_overlay_fits_two_cores: [
        Spoil(ORDER, "APP resources requests cpu", "1"),
        Spoil(SCALER, "spec minReplicas", 12),
        Spoil(ORDER, "NOTES dapr.io/sidecar-cpu-request", "500m"),
    ],
    references.configuration_and_secrets_are_there: [
        Spoil(ORDER, "APP envFrom 0 configMapRef name", "cafe-config"),
        Spoil("Secret/app-api-token", "data", {"x": ""}),
        Spoil(ORDER, "NOTES dapr.io/app-token-secret", "nobody"),
        Spoil("ExternalSecret/app-api-token", "", rendering=STAGING),
        Spoil("StatefulSet/postgres", "POD volumes 2 configMap name", "nobody"),
        Spoil("StatefulSet/valkey", "POD volumes 0 secret items 0 key", "nobody"),
    ],
    references.secrets_of_custom_resources_are_there: [
        Spoil("Secret/valkey-auth", "data", {"x": ""}),
        Spoil("TriggerAuthentication", "spec secretTargetRef 0 key", "nobody", KEDA),
    ],
    references.accounts_and_volumes_are_there: [
        Spoil("ServiceAccount/order-svc", ""),
        Spoil(ORDER, "POD volumes"),
        Spoil("PersistentVolumeClaim/payment-gateway", ""),
    ],
    references.owners_select_their_own_pods: [
        Spoil(ORDER, "spec selector matchLabels", {"cafe.dev/tier": "service"})
    ],
    references.services_lead_to_pods: [
        Spoil(ORDER, ""),
        Spoil("Service/order-svc", "spec ports +", PORT),
        Spoil(ORDER, "APP ports 0 name", "web"),
    ],
    references.routes_lead_to_services: [
        Spoil("Service/order-svc", ""),
        Spoil("Service/edge", "spec ports 0 port", 8080),
        Spoil("Gateway/cafe", ""),
        Spoil("HTTPRoute/edge", "spec rules 0 backendRefs 0 name", "order-svc"),
    ],
    references.what_is_scaled_is_there: [
        Spoil(ORDER, ""),
        Spoil(ORDER, "", rendering=CANARY),
        Spoil("Deployment/cafe-svc", "", rendering=KEDA),
        Spoil("TriggerAuthentication", "metadata name", "nobody", KEDA),
    ],
    references.network_policies_mean_pods_that_exist: [
        Spoil("NetworkPolicy/sidecars", "spec podSelector", NOBODY),
        Spoil("NetworkPolicy/services", "spec ingress 0 from 0 podSelector", NOBODY),
        Spoil("NetworkPolicy/services", "spec ingress 0 ports 0 port", "nobody"),
        Spoil("NetworkPolicy/edge", "spec egress 0 ports 0 port", "nobody"),
    ],
    references.addresses_lead_to_services: [
        Spoil("HTTPEndpoint/payment-gateway", "spec baseUrl", "http://localhost:9011"),
        Spoil("Component/cafe-pubsub", "spec metadata 0 value", "nobody:6379"),
        Spoil("Component/order-store", "spec metadata 1 value", "5433"),
        Spoil("ConfigMap", "data NOBODY", "nobody:80"),
    ],
}
