"""Who may talk through the sidecars: by certificate, operation, component and topic."""

import json
import re

import pytest

from tests.k8s.cluster import Cluster, Json, name_of
from tests.k8s.conftest import Told
from tests.k8s.load_pod import ask

pytestmark = pytest.mark.k8s
FEATURE = "Dapr mTLS, access control, scopes"
SIDECAR = "http://127.0.0.1:3500/v1.0"
CERTIFICATE = """
import json, socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
context.set_alpn_protocols(["h2"])
HTTP2 = b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])

def answer(connection):
    try:
        connection.sendall(HTTP2)
        return "closed" if connection.recv(100) == b"" else "answered"
    except OSError as error:
        return getattr(error, "reason", None) or type(error).__name__

def connected():
    return socket.create_connection((sys.argv[1], 50002), 5)

with connected() as tcp, context.wrap_socket(tcp) as tls:
    shown = repr(tls.getpeercert(binary_form=True))
    without = answer(tls)
with connected() as tcp:
    sys.stdout.write(json.dumps({"shown": shown, "without": without, "plain": answer(tcp)}))
"""
ASK_AS_APP = """
import os, pathlib, sys, urllib.error, urllib.request
token = pathlib.Path(os.environ["SECRETS_DIR"], "DAPR_API_TOKEN").read_text()
headers = {"dapr-api-token": token, "content-type": "application/json"}
method, path = sys.argv[1:3]
url = f"http://127.0.0.1:{os.environ.get('DAPR_HTTP_PORT', '3500')}/v1.0/{path}"
request = urllib.request.Request(url, b"{}" if method == "POST" else None, headers, method=method)
try:
    sys.stdout.write(str(urllib.request.urlopen(request, timeout=5).status))
except urllib.error.HTTPError as error:
    sys.stdout.write(str(error.code))
"""


async def _as_app(cluster: Cluster, service: str, method: str, path: str) -> int:
    return int(await cluster.python(f"deploy/{service}", ASK_AS_APP, method, path))


async def test_an_app_that_nobody_knows_is_refused(cluster: Cluster, told: Told) -> None:
    """An app of the same namespace, `stranger`, asks cafe-svc for a menu by its own sidecar."""
    url = f"{SIDECAR}/invoke/cafe-svc/method/menus?cafe_id=gangnam"

    [answer] = await ask(cluster, [{"url": url}], pod="deploy/stranger")

    told.add(f"stranger gets {answer.status}")
    assert answer.status == 403, answer


async def test_order_svc_may_ask_for_menus_and_for_nothing_else(
    cluster: Cluster, told: Told
) -> None:
    """order-svc asks cafe-svc for a menu, for its probes and for an order; cafe-svc asks back."""
    calls = {
        ("order-svc", "GET", "cafe-svc/method/menus?cafe_id=gangnam"): 200,
        ("order-svc", "GET", "cafe-svc/method/readyz"): 403,
        ("order-svc", "POST", "cafe-svc/method/cafe-orders/x/accept"): 403,
        ("cafe-svc", "GET", "order-svc/method/orders/x"): 403,
    }

    got = {call: await _as_app(cluster, *call[:2], f"invoke/{call[2]}") for call in calls}

    told.add(", ".join(f"{who} {how} {what}: {s}" for (who, how, what), s in got.items()))
    assert got == calls


async def test_a_component_is_there_for_the_apps_in_its_scopes_only(
    cluster: Cluster, told: Told
) -> None:
    """Stranger publishes and reads a store; mypage-svc, which only hears, publishes Paid."""
    wishes: list[Json] = [
        {"method": "POST", "url": f"{SIDECAR}/publish/cafe-pubsub/cafe.Paid.v1", "body": {}},
        {"url": f"{SIDECAR}/state/order-store/order:x"},
    ]

    answers = await ask(cluster, wishes, pod="deploy/stranger")
    not_its_own = await _as_app(cluster, "mypage-svc", "POST", "publish/page-pubsub/cafe.Paid.v1")
    foreign = await _as_app(cluster, "cafe-svc", "GET", "state/order-store/order:x")

    told.add(f"stranger publishes: {answers[0].status} {_code(answers[0].body)}")
    told.add(f"stranger reads order-store: {answers[1].status} {_code(answers[1].body)}")
    told.add(f"mypage-svc publishes Paid: {not_its_own}, cafe-svc reads order-store: {foreign}")
    assert [_code(answer.body) for answer in answers] == [
        "ERR_PUBSUB_NOT_FOUND",
        "ERR_STATE_STORE_NOT_CONFIGURED",
    ]
    assert not_its_own == 403
    assert foreign == 400


def _code(body: str) -> str:
    return "".join(re.findall(r'"errorCode": ?"(\w+)"', body)[:1])


async def test_sidecars_show_a_certificate_and_talk_to_nobody_without_one(
    cluster: Cluster, told: Told
) -> None:
    """A pod connects to the port of cafe-svc's sidecar for others: no certificate, then no TLS."""
    pod = (await cluster.ready("cafe-svc"))[0]

    out = await cluster.python("deploy/stranger", CERTIFICATE, pod["status"]["podIP"])

    seen = json.loads(out)
    identity = f"spiffe://public/ns/{cluster.namespace}/cafe-svc"
    told.add(f"{name_of(pod)} shows {identity}" if identity in seen["shown"] else "no identity")
    told.add(f"without a certificate: {seen['without']}, without TLS: {seen['plain']}")
    assert identity in seen["shown"]
    assert "answered" not in (seen["without"], seen["plain"])
