"""What the policies about who is kept out, Dapr's resources and sidecars have to notice."""

from typing import Any, Final

from tests.manifests import policies_dapr as dapr
from tests.manifests import policies_sidecars as sidecars
from tests.manifests import policies_walls as walls
from tests.manifests.policies import Policy
from tests.manifests.spoil import Spoil
from tests.manifests.spoiled import ORDER, STAGING
from tools.manifest_render import DEV

CONFIG: Final = "Configuration/cafe"
SECRET: Final[dict[str, Any]] = {"kind": "Secret", "metadata": {"name": "found"}}
LATE: Final[dict[str, Any]] = {
    "apiVersion": "dapr.io/v1alpha1",
    "kind": "Component",
    "metadata": {"name": "late"},
}
INTERNET: Final = {"cidr": "0.0.0.0/0", "except": sorted(walls.PRIVATE)}

SPOILED: Final[dict[Policy, list[Spoil]]] = {
    walls.the_namespace_admits_restricted_pods_only: [
        Spoil("Namespace/cafe", ""),
        Spoil("Namespace/cafe", "metadata labels pod-security.kubernetes.io/enforce", "baseline"),
    ],
    walls.nobody_talks_to_anybody_unless_allowed: [
        Spoil("NetworkPolicy/default-deny", ""),
        Spoil(ORDER, "LABELS", {}),
        Spoil("NetworkPolicy/stores", ""),
    ],
    walls.no_policy_opens_a_pod_to_everybody: [
        Spoil("NetworkPolicy/services", "spec ingress", [{}]),
        Spoil("NetworkPolicy/services", "spec ingress 0 from", [{"namespaceSelector": {}}]),
        Spoil("NetworkPolicy/services", "spec ingress 0 from +", {"ipBlock": INTERNET}),
        Spoil("NetworkPolicy/services", "spec ingress 0 ports"),
        Spoil("NetworkPolicy/services", "spec ingress 0 ports", []),
        Spoil("NetworkPolicy/stores", "spec ingress 0 from", [{"podSelector": {}}]),
        Spoil("NetworkPolicy/sidecars", "spec egress +", {"ports": [{"port": 443}]}),
        Spoil("NetworkPolicy/sidecars", "spec egress 0 to +", {"ipBlock": {"cidr": "::/0"}}),
        Spoil("NetworkPolicy/sidecars", "spec egress 0 ports"),
        Spoil("NetworkPolicy/to-managed", "spec egress 1 to 0 ipBlock except", [], STAGING),
    ],
    walls.secrets_come_from_elsewhere: [
        Spoil("Secret/found", "", SECRET, STAGING),
        Spoil("ConfigMap", "data STORE_PASSWORD", "secret"),
        Spoil(ORDER, "APP env +", {"name": "APP_API_TOKEN", "value": "secret"}),
        Spoil("Component/order-store", "spec metadata +", {"name": "password", "value": "secret"}),
    ],
    walls.secrets_are_files: [
        Spoil(ORDER, "APP envFrom +", {"secretRef": {"name": "app-api-token"}}),
        Spoil(
            "StatefulSet/postgres",
            "APP env +",
            {
                "name": "PGPASSWORD",
                "valueFrom": {"secretKeyRef": {"name": "postgres-admin", "key": "password"}},
            },
        ),
    ],
    walls.what_others_run_is_reached_by_tls: [
        Spoil("Component/cafe-pubsub", "spec metadata -1", rendering=STAGING),
        Spoil("Component/order-store", "spec metadata -1 value", "sslmode=disable", STAGING),
        Spoil("HTTPEndpoint/payment-gateway", "spec baseUrl", "http://cafe.example", STAGING),
    ],
    walls.the_namespace_is_said_once: [
        Spoil(
            "AuthorizationPolicy/services",
            "spec rules 0 from 0 source namespaces",
            ["cafe"],
            f"{DEV} + istio",
        ),
        Spoil(CONFIG, "spec accessControl policies 0 namespace", "cafe", DEV),
        Spoil(
            "Component/order-store", "spec metadata 0 value", "postgres.cafe.svc.cluster.local", DEV
        ),
        Spoil(ORDER, "metadata namespace", "cafe", DEV),
    ],
    walls.everything_is_labelled: [
        Spoil("Service/order-svc", "metadata labels"),
        Spoil(ORDER, "LABELS app.kubernetes.io/part-of"),
        Spoil("Service/order-svc", "spec selector cafe.dev/tier", "service"),
    ],
    walls.only_the_overlay_dev_plays_others: [
        Spoil(ORDER, "LABELS cafe.dev/tier", "sandbox", STAGING)
    ],
    dapr.dapr_resources_are_the_very_files: [
        Spoil("Component/replicas", ""),
        Spoil("Component/cafe-pubsub", "spec metadata 1 value", "46s"),
        Spoil("Resiliency/cafe", "spec targets apps cafe-svc timeout", "keys"),
    ],
    dapr.everybody_in_a_scope_is_there: [
        Spoil("Component/cafe-pubsub", "scopes"),
        Spoil("HTTPEndpoint", "scopes +", "nobody"),
    ],
    dapr.policies_of_resiliency_have_targets: [
        Spoil("Resiliency/cafe", "spec targets apps nobody", {"timeout": "keys"}),
        Spoil("Component/replicas", ""),
    ],
    sidecars.sidecars_find_what_apps_ask_for: [
        Spoil(ORDER, "NOTES dapr.io/config", "nobody"),
        Spoil(ORDER, "NOTES dapr.io/app-id", "orders"),
        Spoil(ORDER, "NOTES dapr.io/app-port", "80"),
        Spoil("Component/order-store", ""),
        Spoil("Component/order-store", "scopes", ["cafe-svc"]),
    ],
    sidecars.sidecars_understand_what_they_are_told: [
        Spoil(ORDER, "NOTES dapr.io/sidecar-memory-limits", "1Gi")
    ],
    sidecars.sidecars_watch_apps_as_on_a_laptop: [
        Spoil(ORDER, "NOTES dapr.io/app-health-threshold", "1")
    ],
    dapr.who_may_call_whom_is_denied_by_default: [
        Spoil(CONFIG, "spec accessControl defaultAction", "allow"),
        Spoil(CONFIG, "spec accessControl policies 0 appId", "nobody"),
        Spoil(CONFIG, "spec accessControl policies 0 trustDomain", "nobody"),
        Spoil(CONFIG, "spec accessControl policies 0 defaultAction", "allow"),
        Spoil(CONFIG, "spec accessControl policies 0 operations 0 httpVerb", ["*"]),
    ],
    dapr.a_changed_resource_restarts_nobody: [
        Spoil(CONFIG, "spec features"),
        Spoil(CONFIG, "spec features 0 enabled", value=True),
    ],
    sidecars.sidecars_and_apps_know_each_other: [
        Spoil(ORDER, "NOTES dapr.io/api-token-secret"),
        Spoil(ORDER, "NOTES dapr.io/app-token-secret"),
        Spoil(ORDER, "NOTES dapr.io/app-token-secret", "dapr-api-token"),
        Spoil(ORDER, "APP env", []),
        Spoil(ORDER, "APP volumeMounts -1 mountPath", "/elsewhere"),
        Spoil(ORDER, "POD volumes -1 projected sources 0 secret items 0 path", "TOKEN"),
        Spoil(ORDER, "POD volumes -1 projected sources 0 secret name", "dapr-api-token"),
    ],
    sidecars.sidecars_read_no_secrets: [
        Spoil(ORDER, "NOTES dapr.io/disable-builtin-k8s-secret-store")
    ],
    sidecars.sidecars_start_after_what_they_read: [Spoil("Component/late", "", LATE, DEV)],
    sidecars.argo_cd_applies_first_what_sidecars_read: [
        Spoil(
            "Component/order-store", f"metadata annotations {sidecars.SYNC_WAVE}", rendering=STAGING
        ),
        Spoil(CONFIG, f"metadata annotations {sidecars.SYNC_WAVE}", "0", STAGING),
        Spoil(ORDER, "metadata annotations", {sidecars.SYNC_WAVE: "-2"}, STAGING),
    ],
    sidecars.the_injector_is_asked_for_our_pods: [
        Spoil("Namespace/cafe", "metadata labels app.kubernetes.io/part-of")
    ],
}
