"""What the policies for Istio, KEDA, Prometheus and Argo Rollouts have to notice."""

from typing import Final

from tests.manifests import policies_custom as custom
from tests.manifests.policies import Policy
from tests.manifests.spoil import Spoil
from tests.manifests.spoiled import CANARY, KEDA, NOBODY, ORDER
from tools.manifest_render import DEV

ISTIO: Final = f"{DEV} + istio"
SEEN: Final = f"{DEV} + observability"

SPOILED: Final[dict[Policy, list[Spoil]]] = {
    custom.policies_of_the_mesh_are_for_pods_that_exist: [
        Spoil("PeerAuthentication/services", "spec selector", NOBODY, ISTIO),
        Spoil("PeerAuthentication/services", "spec portLevelMtls", {"1": {}}, ISTIO),
        Spoil("ServiceAccount/edge", "", rendering=ISTIO),
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
