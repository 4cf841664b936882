// A customer's orders, newest first: the newest live, older ones as they are asked for.

import { html } from "../../vendor/htm-preact.js";
import { useLive, useMore } from "../hooks.js";
import { moneyText, t, timeText } from "../i18n.js";
import { Empty, Heading, Lines, Live, More, Pill } from "../ui.js";

export function View() {
  const live = useLive("/my-pages/stream");
  const older = useMore("/my-pages", live.next);
  return html`
    <${Heading}>${t("orders.title")}<//>
    <${Live} from=${live}>
      ${(items) => html`
        <${List} items=${merged(items, older.items)} />
        <${More} from=${older} />
      `}
    <//>
  `;
}

function List({ items }) {
  if (!items.length) return html`<${Empty}>${t("orders.none")} <a href="#/">${t("nav.cafes")}</a><//>`;
  return html`<ul class="cards">${items.map(
    (each) => html`<${Card}
    key=${each.order_id}
    page=${each}
  />`,
  )}</ul>`;
}

function Card({ page }) {
  const { order_id: id, order_status, refund_status, cafe_id, items, total, placed_at } = page;
  return html`<li class="card">
    <a class="whole" href=${`#/orders/${encodeURIComponent(id)}`}>
      <span class="title">${cafe_id} · ${timeText(placed_at)}</span>
      <span>
        <${Pill} kind="status" value=${order_status} />
        ${refund_status !== "None" && html`<${Pill} kind="refund" value=${refund_status} />`}
      </span>
    </a>
    <${Lines} items=${items} />
    <p class="quiet">${moneyText(total)}</p>
  </li>`;
}

function merged(newer, older) {
  const all = new Map([...older, ...newer].map((each) => [each.order_id, each]));
  return [...all.values()].sort((a, b) => b.placed_at.localeCompare(a.placed_at));
}
