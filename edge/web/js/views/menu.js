// A cafe's menu, and how many of each drink are wanted.

import { html } from "../../vendor/htm-preact.js";
import { get } from "../api.js";
import { basket, countOf, MOST_OF_ONE, want, wanted } from "../basket.js";
import { useLoad } from "../hooks.js";
import { moneyText, t } from "../i18n.js";
import { useStore } from "../store.js";
import { Empty, Heading, Loaded } from "../ui.js";

export function View({ cafe }) {
  const menu = useLoad((signal) => readMenu(cafe, signal), [cafe]);
  return html`
    <${Heading}>${menu.data?.name ?? t("menu.title")}<//>
    <${Loaded} from=${menu}>
      ${(there) =>
        there.open === null
          ? html`<${Empty}>${t("menu.unknown")} <a href="#/">${t("nav.cafes")}</a><//>`
          : html`<${Menu} menu=${there} />`}
    <//>
  `;
}

/**
 * A cafe's menu with its name.
 * @param {string} cafeId
 * @param {AbortSignal} [signal]
 * @returns {Promise<{cafe_id: string, name: string, open: boolean | null, items: any[]}>}
 *   `open` is null for a cafe that nobody knows
 * @throws {Problem | Unreachable}
 */
export async function readMenu(cafeId, signal) {
  const path = `/menus?cafe_id=${encodeURIComponent(cafeId)}`;
  const [menu, cafes] = await Promise.all([get(path, signal), get("/cafes", signal)]);
  const name = cafes.items.find((each) => each.cafe_id === cafeId)?.name ?? cafeId;
  return { ...menu, name };
}

function Menu({ menu }) {
  const now = useStore(basket);
  const count = countOf(now);
  const isOther = now && now.cafe_id !== menu.cafe_id;
  return html`
    ${!menu.open && html`<p class="note bad">${t("menu.closed")}</p>`}
    ${isOther && html`<p class="note">${t("menu.other", { cafe: now.cafe_id })}</p>`}
    <ul class="rows">
      ${menu.items.map(
        (each) =>
          html`<${Drink} key=${each.menu_id} cafeId=${menu.cafe_id} open=${menu.open} drink=${each} />`,
      )}
    </ul>
    ${count > 0 && !isOther && html`<${ToBasket} count=${count} />`}
  `;
}

function ToBasket({ count }) {
  return html`<p><a class="button main" href="#/basket">${t("menu.to-basket", { count })}</a></p>`;
}

function Drink({ cafeId, open, drink }) {
  const { menu_id: id, name, price, sold_out: soldOut } = drink;
  return html`<li class="row">
    <div>
      <span class="title">${name}</span>
      <span class="quiet">${moneyText(price)}</span>
    </div>
    ${soldOut
      ? html`<span class="pill bad">${t("menu.sold-out")}</span>`
      : html`<${Stepper} cafeId=${cafeId} id=${id} name=${name} disabled=${!open} />`}
  </li>`;
}

/** Fewer, how many, more. */
export function Stepper({ cafeId, id, name, disabled }) {
  const quantity = wanted(useStore(basket), cafeId, id);
  const set = (next) => () => want(cafeId, id, next);
  const full = disabled || quantity >= MOST_OF_ONE;
  const fewer = { "aria-label": t("menu.fewer", { name }), onClick: set(quantity - 1) };
  const more = { "aria-label": t("menu.more", { name }), disabled: full, onClick: set(quantity + 1) };
  return html`<div class="stepper" role="group" aria-label=${name}>
    ${quantity > 0 &&
    html`<button type="button" ...${fewer}>−</button>
      <span role="status">${quantity}</span>`}
    <button type="button" ...${more}>+</button>
  </div>`;
}
