// State that outlives a view: a value, and whoever wants to hear of the next one.

import { useEffect, useState } from "../vendor/htm-preact.js";

/**
 * Hold one value. Values are replaced, never changed in place.
 * @template T
 * @param {T} initial
 * @returns {{get: () => T, set: (value: T) => void, subscribe: (heard: (value: T) => void) => () => void}}
 */
export function createStore(initial) {
  let value = initial;
  const heard = new Set();
  return {
    get: () => value,
    set(next) {
      value = next;
      for (const hear of [...heard]) hear(next);
    },
    subscribe(hear) {
      heard.add(hear);
      return () => heard.delete(hear);
    },
  };
}

/**
 * A store that survives a reload of this tab (sessionStorage, JSON). Never for tokens.
 * @template T
 * @param {string} key
 * @param {T} initial used when nothing, or nothing readable, is kept
 */
export function createTabStore(key, initial) {
  const store = createStore(kept(key, initial));
  store.subscribe((value) => {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(value));
  });
  return store;
}

function kept(key, initial) {
  const text = sessionStorage.getItem(key);
  if (text === null) return initial;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    sessionStorage.removeItem(key);
    return initial;
  }
}

/**
 * Read a store in a component and render again when it changes.
 * @template T
 * @param {{get: () => T, subscribe: (heard: (value: T) => void) => () => void}} store
 * @returns {T}
 */
export function useStore(store) {
  const [value, setValue] = useState(store.get());
  useEffect(() => {
    setValue(store.get());
    return store.subscribe(setValue);
  }, [store]);
  return value;
}
