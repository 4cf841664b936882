// Views by the part of the address behind "#": paths such as /orders belong to the services.

import { createStore } from "./store.js";

/** Where we are: `{path: string, moves: number}`; `moves` counts the changes since loading. */
export const place = createStore({ path: pathNow(), moves: 0 });

/** The views: a pattern, who may see it (null: anybody), and the module that exports `View`. */
const ROUTES = [
  ["", null, () => import("./views/cafes.js")],
  ["cafes/:cafe", null, () => import("./views/menu.js")],
  ["basket", null, () => import("./views/basket.js")],
  ["orders", ["customer"], () => import("./views/orders.js")],
  ["orders/:order", ["customer"], () => import("./views/order.js")],
  ["board", ["barista"], () => import("./views/board.js")],
  ["boards/:cafe", ["barista", "operator"], () => import("./views/board.js")],
  ["counter", ["barista"], () => import("./views/counter.js")],
  ["deliveries", ["rider", "operator"], () => import("./views/deliveries.js")],
  ["ops", ["operator"], () => import("./views/ops-orders.js")],
  ["ops/refunds", ["operator"], () => import("./views/ops-refunds.js")],
  ["ops/letters", ["operator"], () => import("./views/ops-letters.js")],
  ["ops/letters/:service/:letter", ["operator"], () => import("./views/ops-letter.js")],
  ["ops/sidecars", ["operator"], () => import("./views/ops-sidecars.js")],
  ["ops/orders/:order", ["operator"], () => import("./views/ops-order.js")],
];

/**
 * Find the view of a path.
 * @param {string} path without "#/"
 * @returns {{load: () => Promise<{View: Function}>, roles: string[] | null,
 *   params: Record<string, string>} | null}
 */
export function routeOf(path) {
  for (const [pattern, roles, load] of ROUTES) {
    const params = matched(pattern.split("/"), path.split("/"));
    if (params) return { load, roles, params };
  }
  return null;
}

/** The page a person with these roles begins on: a `#` address. */
export function homeOf(roles) {
  if (roles.includes("operator")) return "#/ops";
  if (roles.includes("barista")) return "#/board";
  if (roles.includes("rider")) return "#/deliveries";
  return "#/";
}

/** Go to a `#` address; with `replace` without a step in the history. */
export function go(address, replace = false) {
  if (replace) location.replace(address);
  else location.hash = address;
}

function matched(pattern, parts) {
  if (pattern.length !== parts.length) return null;
  const params = {};
  for (const [index, name] of pattern.entries()) {
    if (name.startsWith(":")) params[name.slice(1)] = decoded(parts[index]);
    else if (name !== parts[index]) return null;
  }
  return params;
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return part;
  }
}

function pathNow() {
  return location.hash.replace(/^#?\/?/, "");
}

/** Take the address as it is now, as where we begin: a sign-in may have put it back by itself. */
export function beginHere() {
  place.set({ path: pathNow(), moves: 0 });
}

window.addEventListener("hashchange", () => {
  place.set({ path: pathNow(), moves: place.get().moves + 1 });
});
