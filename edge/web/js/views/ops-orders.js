// The operator's first page: every order that is not at rest, the stuck ones first.

import { html, useState } from "../../vendor/htm-preact.js";
import { get } from "../api.js";
import { usePolled, usePolledList } from "../hooks.js";
import { durationText, of, t } from "../i18n.js";
import { Empty, Heading, Loaded, More, Pill, shortId } from "../ui.js";

const STATES = ["Ordered", "Paid", "Accepted", "Making", "Ready", "Cancelling", "Cancelled", "Rejected"];

export function View() {
  const [status, setStatus] = useState("");
  return html`
    <${Heading}>${t("ops.title")}<//>
    <${Boards} />
    <label>${t("ops.state")}
      <select value=${status} onChange=${(event) => setStatus(event.target.value)}>
        <option value="">${t("ops.all")}</option>
        ${STATES.map((each) => html`<option value=${each}>${of("status", each)}</option>`)}
      </select>
    </label>
    <${Listed} key=${status} status=${status} />
  `;
}

function Boards() {
  const cafes = usePolled((signal) => get("/cafes", signal), []);
  return html`<p class="links">
    ${cafes.data?.items.map(
      (each) =>
        html`<a
          key=${each.cafe_id}
          href=${`#/boards/${encodeURIComponent(each.cafe_id)}`}
        >${t("board.title", { cafe: each.name })}</a>`,
    )}
    <a href="#/deliveries">${t("nav.deliveries")}</a>
  </p>`;
}

function Listed({ status }) {
  const filter = status && `&status=${encodeURIComponent(status)}`;
  const list = usePolledList(`/ops/mypage-svc/orders?limit=50${filter}`);
  return html`<${Loaded} from=${list}>
    ${(orders) => html`
      <${Orders} orders=${orders} />
      <${More} from=${list} />
    `}
  <//>`;
}

/** A table of orders, stuck ones first, then the oldest. */
export function Orders({ orders, children }) {
  if (!orders.length) return html`<${Empty}>${t("ops.none")}<//>`;
  const known = [...new Map(orders.map((each) => [each.order_id, each])).values()];
  const sorted = known.sort((a, b) => b.stuck - a.stuck || b.age_s - a.age_s);
  const columns = ["order", "state", "refund", "age", "quiet", "parts", ...(children ? ["do"] : [])];
  return html`<div class="scroll wide" tabindex="0" role="region" aria-label=${t("ops.title")}>
    <table>
      <thead>
        <tr>${columns.map((each) => html`<th scope="col">${t(`ops.${each}`)}</th>`)}</tr>
      </thead>
      <tbody>
        ${sorted.map((each) => html`<${Row} key=${each.order_id} order=${each}>${children?.(each)}<//>`)}
      </tbody>
    </table>
  </div>`;
}

function Row({ order, children }) {
  const { order_id: id, cafe_id, customer_id, order_status, refund_status, age_s, quiet_s, stuck } = order;
  const parts = ["order", "payment", "cafe_order"]
    .filter((each) => order[each])
    .map((each) => `${t(`part.${each}`)}: ${of("state", order[each].status)}`);
  return html`<tr class=${stuck ? "stuck" : ""} data-order=${id}>
    <th scope="row">
      <a href=${`#/ops/orders/${encodeURIComponent(id)}`}>${shortId(id)}</a>
      <span class="quiet">${customer_id} · ${cafe_id}</span>
    </th>
    <td>
      <${Pill} kind="status" value=${order_status} />
      ${stuck && html` <span class="pill bad">${t("ops.stuck")}</span>`}
    </td>
    <td>${refund_status === "None" ? "–" : html`<${Pill} kind="refund" value=${refund_status} />`}</td>
    <td>${durationText(age_s)}</td>
    <td>${durationText(quiet_s)}</td>
    <td class="quiet">${parts.join(", ")}</td>
    ${children && html`<td>${children}</td>`}
  </tr>`;
}
