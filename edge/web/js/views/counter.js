// The cafe's own switches: open or closed, and which drinks are sold out.

import { html, useState } from "../../vendor/htm-preact.js";
import { call } from "../api.js";
import { useLoad } from "../hooks.js";
import { moneyText, t } from "../i18n.js";
import { Action, Heading, Loaded, Trouble } from "../ui.js";
import { readMenu } from "./menu.js";

export function View({ who }) {
  const menu = useLoad((signal) => readMenu(who.cafe_id, signal), [who.cafe_id]);
  const [error, setError] = useState(null);
  const change = (path) => async () => {
    setError(null);
    const changed = await call("POST", path);
    menu.setData({ ...menu.data, ...changed });
  };
  return html`
    <${Heading}>${t("counter.title", { cafe: menu.data?.name ?? who.cafe_id })}<//>
    ${error && html`<${Trouble} error=${error} />`}
    <${Loaded} from=${menu}>
      ${(there) => html`
        <${Doors} menu=${there} change=${change} failed=${setError} />
        <h2>${t("counter.drinks")}</h2>
        <ul class="rows">
          ${there.items.map(
            (each) =>
              html`<${Drink}
                key=${each.menu_id}
                cafeId=${there.cafe_id}
                drink=${each}
                change=${change}
                failed=${setError}
              />`,
          )}
        </ul>
      `}
    <//>
  `;
}

function Doors({ menu: { cafe_id, open }, change, failed }) {
  const path = `/cafes/${encodeURIComponent(cafe_id)}/${open ? "close" : "open"}`;
  return html`<div class="row">
    <${Switch} on=${open} label=${t("counter.open")} run=${change(path)} failed=${failed} />
    <span class="pill ${open ? "good" : "bad"}">${t(open ? "cafe.open" : "cafe.closed")}</span>
  </div>`;
}

function Drink({ cafeId, drink: { menu_id, name, price, sold_out }, change, failed }) {
  const item = `/menus/${encodeURIComponent(cafeId)}/items/${encodeURIComponent(menu_id)}`;
  const path = `${item}/${sold_out ? "restock" : "sold-out"}`;
  return html`<li class="row">
    <div>
      <span class="title">${name}</span>
      <span class="quiet">${moneyText(price)}</span>
    </div>
    <${Switch} on=${sold_out} label=${t("menu.sold-out")} name=${name} run=${change(path)} failed=${failed} />
  </li>`;
}

function Switch({ on, label, name, run, failed }) {
  const spoken = name ? `${name}: ${label}` : label;
  return html`<${Action}
    role="switch"
    class="switch"
    aria-checked=${on}
    aria-label=${spoken}
    run=${run}
    onProblem=${failed}
  >
    <span class="track" aria-hidden="true"></span>${label}
  <//>`;
}
