// A rider's page: orders that wait for a rider, and those under way.

import { html, useState } from "../../vendor/htm-preact.js";
import { call } from "../api.js";
import { useLive } from "../hooks.js";
import { t } from "../i18n.js";
import { Action, Age, announcement, Empty, explained, Heading, Lines, Live, shortId } from "../ui.js";

export function View({ who }) {
  const live = useLive("/deliveries/stream", {
    onPage: (item, isNew) => isNew && announcement.set(t("rider.new", { id: shortId(item.order_id) })),
  });
  const [miss, setMiss] = useState(null);
  const put = (order_id, cafe_status, rider) => live.put({ order_id, cafe_status, rider });
  const does = who.roles.includes("rider") && {
    done(order) {
      setMiss(null);
      put(order.order_id, order.status, order.rider);
    },
    missed({ order_id: id }, error) {
      // Whoever was faster, it is not this rider's.
      if (error.currentStatus) put(id, error.currentStatus, null);
      setMiss({ id, ...explained(error) });
    },
  };
  const isMine = ({ rider }) => !does || rider === who.sub;
  return html`
    <${Heading}>${t("rider.title")}<//>
    ${
      miss &&
      html`<p
      class="note bad"
      role="alert"
    ><b>${shortId(miss.id)}</b> ${miss.sentence} <span lang="en">${miss.detail}</span></p>`
    }
    <${Live} from=${live}>
      ${(items) => html`
        <${Group}
          title=${t("rider.mine")}
          none=${t("rider.none-mine")}
          state="DELIVERING"
          step="confirm-delivery"
          items=${items.filter(isMine)}
          does=${does}
        />
        <${Group}
          title=${t("rider.waiting")}
          none=${t("rider.none-waiting")}
          state="READY"
          step="start-delivery"
          items=${items}
          does=${does}
        />
      `}
    <//>
  `;
}

function Group({ title, none, state, step, items, does }) {
  const here = items
    .filter((each) => each.cafe_status === state)
    .sort((a, b) => a.placed_at.localeCompare(b.placed_at));
  return html`<section aria-labelledby=${`group-${state}`}>
    <h2 id=${`group-${state}`}>${title} <span class="count">${here.length}</span></h2>
    ${here.length === 0 && html`<${Empty}>${none}<//>`}
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
  return html`<li class="card" data-order=${id}>
    <article aria-labelledby=${`delivery-${id}`}>
      <h3 id=${`delivery-${id}`}>${shortId(id)} <span class="quiet">${cafe_id}</span></h3>
      <p class="title">${fulfilment.address}</p>
      <${Lines} items=${items} />
      ${note && html`<p class="note">${note}</p>`}
      <p class="quiet">${t("board.waiting")} <${Age} since=${waitsSince} /> ${rider && `· ${rider}`}</p>
      ${
        does &&
        html`<div class="actions">
        <${Action}
          class="main"
          run=${send}
          onProblem=${(error) => does.missed(item, error)}
        >${t(`step.${step}`)}<//>
      </div>`
      }
    </article>
  </li>`;
}
