"""What the policies for Istio, KEDA, Prometheus and Argo Rollouts have to notice."""

from typing import Final

from tests.manifests import policies_custom as custom
from tests.manifests import policies_mesh as mesh
from tests.manifests.policies import Policy
from tests.manifests.spoil import Spoil
from tests.manifests.spoiled import CANARY, KEDA, NOBODY, ORDER
from tools.manifest_render import DEV

ISTIO: Final = f"{DEV} + istio"
PUBLIC: Final = "AuthorizationPolicy/public"
SEEN: Final = f"{DEV} + observability"

SPOILED: Final[dict[Policy, list[Spoil]]] = {
    custom.policies_of_the_mesh_are_for_pods_that_exist: [
        Spoil("PeerAuthentication/services", "spec selector", NOBODY, ISTIO),
        Spoil("PeerAuthentication/services", "spec portLevelMtls", {"1": {}}, ISTIO),
        Spoil("ServiceAccount/edge", "", rendering=ISTIO),
    ],
    mesh.the_mesh_denies_by_default: [
        Spoil("AuthorizationPolicy/default-deny", "", rendering=ISTIO),
        Spoil("PeerAuthentication/default", "", rendering=ISTIO),
    ],
    mesh.the_mesh_speaks_mtls: [
        Spoil("PeerAuthentication/default", "spec mtls mode", "PERMISSIVE", ISTIO),
        Spoil(
            "PeerAuthentication/services",
            "spec portLevelMtls",
            {"8000": {"mode": "DISABLE"}},
            ISTIO,
        ),
    ],
    mesh.without_a_token_there_is_what_the_table_calls_public: [
        Spoil(PUBLIC, "spec rules 0 to 0 operation paths +", "/orders", ISTIO),
        Spoil(PUBLIC, "spec rules 0 to 0 operation paths 0", rendering=ISTIO),
        Spoil(PUBLIC, "spec rules 0 to 0 operation methods", rendering=ISTIO),
        Spoil("AuthorizationPolicy/services", "spec rules 0 from", rendering=ISTIO),
    ],
    custom.traffic_is_ruled_to_services_that_exist: [
        Spoil("Service/order-svc", "", rendering=ISTIO),
        Spoil(ORDER, "NOTES dapr.io/app-id", "nobody", ISTIO),
    ],
    custom.metrics_are_read_where_there_are_some: [
        Spoil("PodMonitor", "spec selector", NOBODY, SEEN),
        Spoil("PodMonitor", "spec podMetricsEndpoints 0 port", "nobody", SEEN),
    ],
    custom.a_consumer_scales_by_its_own_backlog: [
        Spoil("ScaledObject/cafe-svc", "spec triggers 0 metadata stream", "cafe.Nobody.v1", KEDA),
        Spoil("ScaledObject/cafe-svc", "spec triggers 0 metadata consumerGroup", "nobody", KEDA),
        Spoil("Service/valkey", "", rendering=KEDA),
    ],
    custom.a_canary_has_a_way_in_and_a_verdict: [
        Spoil("Service/order-svc-canary", "", rendering=CANARY),
        Spoil("HTTPRoute/order-svc", "", rendering=CANARY),
        Spoil("HTTPRoute/order-svc", "spec rules 0 backendRefs 1", rendering=CANARY),
        Spoil("AnalysisTemplate/order-svc", "", rendering=CANARY),
    ],
}
