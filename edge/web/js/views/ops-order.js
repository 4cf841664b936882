// One order's whole story: what each owner says of it now, the money, and what has happened.

import { html, useState } from "../../vendor/htm-preact.js";
import { get, Problem } from "../api.js";
import { logsLink } from "../config.js";
import { usePolled } from "../hooks.js";
import { moneyText, momentText, of, t } from "../i18n.js";
import { Facts, Heading, Lines, Loaded, Pill, shortId, Trouble } from "../ui.js";
import { RetryRefund } from "./ops-refunds.js";
import { Timeline } from "./order.js";

export function View({ order: id }) {
  const story = usePolled((signal) => readStory(id, signal), [id]);
  return html`
    <${Heading}>${t("story.title", { id: shortId(id) })}<//>
    <p class="quiet"><code>${id}</code></p>
    ${logsLink(id) && html`<p><a href=${logsLink(id)}>${t("story.logs")}</a></p>`}
    <${Loaded} from=${story}>${(parts) => html`<${Story} id=${id} ...${parts} reload=${story.reload} />`}<//>
  `;
}

/** The four views of one order; null where a service does not know it. */
async function readStory(id, signal) {
  const encoded = encodeURIComponent(id);
  const [page, order, payment, cafeOrder] = await Promise.all([
    known(`/ops/mypage-svc/orders/${encoded}`, signal),
    known(`/orders/${encoded}`, signal),
    known(`/payments/${encoded}`, signal),
    known(`/cafe-orders/${encoded}`, signal),
  ]);
  return { page, order, payment, cafeOrder };
}

async function known(path, signal) {
  try {
    return await get(path, signal);
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

function Story({ id, page, order, payment, cafeOrder, reload }) {
  return html`<div class="parts">
    <${Part} name="order" body=${order} rowsOf=${orderRows}>
      ${() => html`<${Lines} items=${order.items} />`}
    <//>
    <${Part} name="payment" body=${payment} rowsOf=${paymentRows}>
      ${() => html`<${Money} id=${id} payment=${payment} reload=${reload} />`}
    <//>
    <${Part} name="cafe_order" body=${cafeOrder} rowsOf=${cafeRows} />
    <${Part} name="page" body=${page && { ...page, status: page.order_status }} rowsOf=${pageRows} />
    ${page && html`<${Timeline} moments=${page.timeline} />`}
  </div>`;
}

function Part({ name, body, rowsOf, children }) {
  return html`<section class="card" aria-labelledby=${`part-${name}`}>
    <h2 id=${`part-${name}`}>${t(`part.${name}`)}</h2>
    ${body
      ? html`<p>
          <${Pill} kind=${name === "page" ? "status" : "state"} value=${body.status} />
          <span class="quiet">${body.version && t("story.version", { version: body.version })}</span>
        </p>
        <${Facts} rows=${rowsOf(body)} kind="story" />
        ${children?.()}`
      : html`<p class="empty">${t("story.unknown")}</p>`}
  </section>`;
}

function orderRows({ customer_id, cafe_id, total, placed_at, paid_at, reason, requested_by, note }) {
  return [
    ["customer", customer_id],
    ["cafe", cafe_id],
    ["total", moneyText(total)],
    ["placed", momentText(placed_at)],
    ["paid", paid_at && momentText(paid_at)],
    ["reason", reason && of("reason", reason)],
    ["requested-by", requested_by],
    ["note", note],
  ];
}

function paymentRows({ amount, approval_code, reason, refund_id, attempts, last_error, refunding_since }) {
  return [
    ["amount", amount && moneyText(amount)],
    ["approval", approval_code],
    ["reason", reason && of("reason", reason)],
    ["refund-id", refund_id],
    ["refunding", refunding_since && momentText(refunding_since)],
    ["attempts", attempts],
    ["last-error", last_error],
  ];
}

function cafeRows({ barista, rider, queued_at, ready_at, reason, detail, fulfilment }) {
  return [
    ["queued", queued_at && momentText(queued_at)],
    ["ready", ready_at && momentText(ready_at)],
    ["barista", barista],
    ["rider", rider],
    ["reason", reason && of("reason", reason)],
    ["detail", detail],
    ["address", fulfilment?.address],
  ];
}

function pageRows({ delivery_status, refund_status, stuck }) {
  return [
    ["delivery", of("delivery", delivery_status)],
    ["refund", of("refund", refund_status)],
    ["stuck", stuck && t("ops.stuck")],
  ];
}

function Money({ id, payment, reload }) {
  const [error, setError] = useState(null);
  const currency = payment.amount?.currency ?? "KRW";
  return html`
    <h3>${t("story.ledger")}</h3>
    ${payment.ledger.length === 0 && html`<p class="empty">${t("story.no-ledger")}</p>`}
    <ul class="timeline">
      ${payment.ledger.map(
        ({ entry_id, kind, amount, at }) => html`<li key=${entry_id}>
          <span>${of("ledger", kind)} ${moneyText({ amount, currency })}</span>
          <time datetime=${at}>${momentText(at)}</time>
        </li>`,
      )}
    </ul>
    ${error && html`<${Trouble} error=${error} />`}
    ${payment.status === "REFUNDING" && html`<${RetryRefund} id=${id} done=${reload} onProblem=${setError} />`}
  `;
}
