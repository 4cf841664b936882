// Money on its way back, and the button that tries again now.

import { html, useState } from "../../vendor/htm-preact.js";
import { call } from "../api.js";
import { readPages, usePolled } from "../hooks.js";
import { t } from "../i18n.js";
import { Action, announcement, Empty, Heading, Loaded, shortId, Trouble } from "../ui.js";
import { Orders } from "./ops-orders.js";

/** Orders whose money goes back are in one of these states. */
const STATES = ["Cancelled", "Rejected"];
const PAGES = 5;

export function View() {
  const refunds = usePolled(readRefunds, []);
  const [error, setError] = useState(null);
  const button = ({ order_id: id }) =>
    html`<${RetryRefund} id=${id} done=${refunds.reload} onProblem=${setError} />`;
  return html`
    <${Heading}>${t("refunds.title")}<//>
    ${error && html`<${Trouble} error=${error} />`}
    <${Loaded} from=${refunds}>
      ${(orders) =>
        orders.length
          ? html`<${Orders} orders=${orders}>${button}<//>`
          : html`<${Empty}>${t("refunds.none")}<//>`}
    <//>
  `;
}

/** The button that tries a refund now, instead of when its turn comes. */
export function RetryRefund({ id, done, onProblem }) {
  const retry = async () => {
    onProblem(null);
    await call("POST", `/payments/${encodeURIComponent(id)}/retry-refund`);
    announcement.set(t("refunds.retried", { id: shortId(id) }));
    done();
  };
  return html`<${Action}
    run=${retry}
    onProblem=${onProblem}
    aria-label=${t("refunds.retry-of", { id: shortId(id) })}
  >
    ${t("refunds.retry")}
  <//>`;
}

/** The oldest refunds under way, up to 250 of each state. */
async function readRefunds(signal) {
  const found = await Promise.all(STATES.map((state) => readState(state, signal)));
  const orders = found.flatMap(({ items }) => items);
  return orders.filter((each) => ["In progress", "Delayed"].includes(each.refund_status));
}

function readState(state, signal) {
  return readPages(`/ops/mypage-svc/orders?limit=50&status=${state}`, PAGES, signal);
}
