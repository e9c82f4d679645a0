/**
 * What the screen shows, as its address says it: every state can be sent to a colleague.
 *
 * Each part of the screen reads and changes its own keys; nobody else writes location or history.
 */

/**
 * @typedef {{
 *   in?: string,      // number of the division in view; none: the whole city
 *   shade?: string,   // what the map is coloured by: level (default), silent, answer, load
 *   ground?: string,  // ids of the base layers that are on, with commas between
 *   sensor?: string,  // number of the sensor whose card is open
 *   thing?: string,   // number of the facility, camera, … whose card is open
 *   incident?: string,// number of the incident that has the stage
 *   at?: string,      // ISO 8601 with offset: the screen shows this moment; none: live
 *   pace?: string,    // 1 to 3600: the past moves on at this speed; none: it stands
 *   parts?: string,   // parts that this screen shows, with commas between: map, queue, plans, figures; none: all
 *   screen?: string,  // the name under which a desk drives this screen
 *   theme?: string,   // dark (default) or light
 *   lang?: string,    // zh (default) or en; a change of it loads the page anew
 * }} Address
 */

/** @type {Array<{keys: Array<keyof Address>, act: () => void}>} */
const listeners = [];

const number = (/** @type {string} */ value) => /^[1-9]\d{0,17}$/.test(value);
/** What a key can say; one that says anything else is as if it were not there. @type {Record<string, (value: string) => boolean>} */
const FITS = {
  in: number, sensor: number, thing: number, incident: number,
  at: (value) => /([+-]\d\d:?\d\d|Z)$/.test(value) && !Number.isNaN(Date.parse(value)),
};

/** @type {Address} */
let now = read();

/** @returns {Address} */
function read() {
  const told = [...new URLSearchParams(location.search)];
  return Object.fromEntries(told.filter(([key, value]) => FITS[key]?.(value) ?? true));
}

/** What one key says; "" where it says nothing. @param {keyof Address} key */
export const said = (key) => now[key] ?? "";

/**
 * Call `act` whenever one of the keys has changed, by whomever.
 * @param {Array<keyof Address>} keys @param {() => void} act @param {{first?: boolean}} [how] first: before all others
 */
export function whenSaid(keys, act, { first = false } = {}) {
  if (first) listeners.unshift({ keys, act });
  else listeners.push({ keys, act });
}

/**
 * Change some keys (null or "" takes one away); what is said otherwise stays.
 * @param {Partial<Record<keyof Address, string | number | null>>} changes
 * @param {{quiet?: boolean}} [how] quiet: no step for the button that goes back (a moving clock, a zoom)
 */
export function say(changes, { quiet = false } = {}) {
  const told = Object.fromEntries(Object.entries({ ...now, ...changes }).filter(([, value]) => value !== null && value !== ""));
  const query = new URLSearchParams(/** @type {Record<string, string>} */ (told)).toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  const address = `${location.pathname}${query ? `?${query}` : ""}`;
  if (address === `${location.pathname}${location.search}`) return;
  if (quiet) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  heed();
}

/** The address has changed: whoever asked is told. */
function heed() {
  const before = now;
  now = read();
  const changed = /** @type {Array<keyof Address>} */ ([...new Set([...Object.keys(before), ...Object.keys(now)])])
    .filter((key) => before[key] !== now[key]);
  for (const { keys, act } of listeners) if (keys.some((key) => changed.includes(key))) act();
}

addEventListener("popstate", heed);
