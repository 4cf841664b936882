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
  const post = async (path) => {
    setError(null);
    menu.setData({ ...menu.data, ...(await call("POST", path)) });
  };
  const change = { post, failed: setError };
  return html`
    <${Heading}>${t("counter.title", { cafe: menu.data?.name ?? who.cafe_id })}<//>
    ${error && html`<${Trouble} error=${error} />`}
    <${Loaded} from=${menu}>
      ${({ cafe_id, open, items }) => html`
        <${Doors} cafeId=${cafe_id} open=${open} change=${change} />
        <h2>${t("counter.drinks")}</h2>
        <ul class="rows">
          ${items.map(
            (each) => html`<${Drink} key=${each.menu_id} cafeId=${cafe_id} drink=${each} change=${change} />`,
          )}
        </ul>
      `}
    <//>
  `;
}

function Doors({ cafeId, open, change }) {
  const path = `/cafes/${encodeURIComponent(cafeId)}/${open ? "close" : "open"}`;
  return html`<div class="row">
    <${Switch} on=${open} label=${t("counter.open")} path=${path} change=${change} />
    <span class="pill ${open ? "good" : "bad"}">${t(open ? "cafe.open" : "cafe.closed")}</span>
  </div>`;
}

function Drink({ cafeId, drink: { menu_id, name, price, sold_out }, change }) {
  const item = `/menus/${encodeURIComponent(cafeId)}/items/${encodeURIComponent(menu_id)}`;
  const path = `${item}/${sold_out ? "restock" : "sold-out"}`;
  return html`<li class="row">
    <div>
      <span class="title">${name}</span>
      <span class="quiet">${moneyText(price)}</span>
    </div>
    <${Switch} on=${sold_out} label=${t("menu.sold-out")} of=${name} path=${path} change=${change} />
  </li>`;
}

function Switch({ on, label, of, path, change }) {
  return html`<${Action}
    role="switch"
    class="switch"
    aria-checked=${on}
    aria-label=${of ? `${of}: ${label}` : label}
    run=${() => change.post(path)}
    onProblem=${change.failed}
  >
    <span class="track" aria-hidden="true"></span>${label}
  <//>`;
}
