// A rider's page: orders that wait for a rider, and those under way.

import { html, useState } from "../../vendor/htm-preact.js";
import { call } from "../api.js";
import { useLive } from "../hooks.js";
import { t } from "../i18n.js";
import { Action, Age, announcement, Empty, Heading, Lines, Live, shortId, Trouble } from "../ui.js";

export function View({ who }) {
  const live = useLive("/deliveries/stream", { onPage: announce });
  const [miss, setMiss] = useState(null);
  const isRider = who.roles.includes("rider");
  const does = isRider && waysOf(live, setMiss);
  const mine = (items) => items.filter(({ rider }) => !isRider || rider === who.sub);
  return html`
    <${Heading}>${t("rider.title")}<//>
    ${miss && html`<${Trouble} what=${shortId(miss.id)} error=${miss.error} />`}
    <${Live} from=${live}>
      ${(items) => html`
        <${Group} name="mine" state="DELIVERING" items=${mine(items)} step="confirm-delivery" does=${does} />
        <${Group} name="waiting" state="READY" items=${items} step="start-delivery" does=${does} />
      `}
    <//>
  `;
}

function announce({ order_id: id }, isNew) {
  if (isNew) announcement.set(t("rider.new", { id: shortId(id) }));
}

/** What follows a rider's command: shown at once, before the stream tells of it. */
function waysOf(live, setMiss) {
  return {
    done({ order_id, status, rider }) {
      setMiss(null);
      live.put({ order_id, cafe_status: status, rider });
    },
    missed(id, error) {
      // Whoever was faster, it is not this rider's.
      if (error.currentStatus) live.put({ order_id: id, cafe_status: error.currentStatus, rider: null });
      setMiss({ id, error });
    },
  };
}

function Group({ name, state, items, step, does }) {
  const here = items
    .filter((each) => each.cafe_status === state)
    .sort((a, b) => a.placed_at.localeCompare(b.placed_at));
  return html`<section aria-labelledby=${`group-${name}`}>
    <h2 id=${`group-${name}`}>${t(`rider.${name}`)} <span class="count">${here.length}</span></h2>
    ${here.length === 0 && html`<${Empty}>${t(`rider.none-${name}`)}<//>`}
    <ul class="cards">
      ${here.map((each) => html`<${Delivery} key=${each.order_id} item=${each} step=${step} does=${does} />`)}
    </ul>
  </section>`;
}

function Delivery({ item, step, does }) {
  const { order_id: id, cafe_id, items, fulfilment, note, rider, waitsSince } = item;
  const send = async () => {
    does.done(await call("POST", `/cafe-orders/${encodeURIComponent(id)}/${step}`));
  };
  const missed = (error) => does.missed(id, error);
  return html`<li class="card" data-order=${id}>
    <article aria-labelledby=${`delivery-${id}`}>
      <h3 id=${`delivery-${id}`}>${shortId(id)} <span class="quiet">${cafe_id}</span></h3>
      <p class="title">${fulfilment.address}</p>
      <${Lines} items=${items} />
      ${note && html`<p class="note">${note}</p>`}
      <p class="quiet">${t("board.waiting")} <${Age} since=${waitsSince} /> ${rider && `· ${rider}`}</p>
      ${does && html`<${Action} class="main" run=${send} onProblem=${missed}>${t(`step.${step}`)}<//>`}
    </article>
  </li>`;
}
