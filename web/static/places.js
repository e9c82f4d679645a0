/** Alerts that no station stands for, on the map, and one sign for several that would cover one another. */

import { say } from "./address.js";
import { arrangeSoon, keepArranged } from "./city/arranging.js";
import { isOutside } from "./city/path.js";
import { alertSigns, whenSigned } from "./city/signs.js";
import { map } from "./citymap.js";
import { el, svg } from "./dom.js";
import { rank, shape } from "./levels.js";
import { t } from "./strings.js";

/* global L */

/** @typedef {import("./city/signs.js").Sign} Sign */

const CLOSEST = 15; // nearer than this nothing comes apart

/** @type {Map<string, {marker: any, node: HTMLElement, told: string, township: number | null, urgency: number}>} */
const drawn = new Map();

/** Keep them up to date. */
export function drawPlaces() {
  whenSigned(renew);
  keepArranged(() => [...drawn.values()].map((one) => ({ ...one, outside: isOutside(one.township) })));
}

function renew() {
  const next = new Map(alertSigns().filter(({ of }) => of.length > 1 || of[0].station === null).map((sign) => [sign.key, sign]));
  for (const [key, { marker, told }] of drawn) {
    const sign = next.get(key);
    if (sign && told === toldOf(sign)) continue;
    marker.remove();
    drawn.delete(key);
  }
  for (const [key, sign] of next) if (!drawn.has(key)) drawn.set(key, add(sign));
}

/** @param {Sign} sign */
const toldOf = ({ of, lat, lon }) => `${of[0].alert.level} ${of.length} ${lat} ${lon} ${nameOf(of[0])}`;

/** @param {import("./city/signs.js").Placed} one */
const nameOf = ({ alert }) => alert.label || alert.sensor;

/** @param {Sign} sign */
function add(sign) {
  const { lat, lon, of } = sign;
  const { alert } = of[0];
  const many = of.length > 1;
  const node = el("div", { class: `station bare level-${alert.level}${many ? " many" : ""}`, ...(many ? { "data-many": of.length } : { "data-place": alert.id }) },
    svg("svg", { class: "leader" }, svg("line")),
    el("span", { class: "pin" }, shape(alert.level), many && el("b", { class: "pin-count" }, of.length)),
    el("span", { class: "tag" }, el("span", { class: "tag-name" }, nameOf(of[0]), many && el("small", {}, ` +${of.length - 1}`))));
  const title = many ? t("city.manyAlerts", { n: of.length, level: t(`level.${alert.level}`) }) : nameOf(of[0]);
  const marker = L.marker([lat, lon], {
    pane: "alerts", zIndexOffset: 9_500 - 1_000 * rank(alert.level), title, alt: title,
    icon: L.divIcon({ className: "station-mark", html: node, iconSize: [0, 0] }),
  });
  const open = () => goTo(sign);
  marker.on("click", open).on("keydown", (/** @type {any} */ { originalEvent }) => { if (originalEvent.key === "Enter") open(); });
  arrangeSoon();
  return { marker: marker.addTo(map), node, told: toldOf(sign), township: alert.township_id, urgency: rank(alert.level) + (many ? 0 : 0.5) };
}

/** Near enough for them to come apart; where that is of no use, the worst one's card. @param {Sign} sign */
function goTo({ of, lat, lon }) {
  const bounds = L.latLngBounds(of.map((one) => [one.lat, one.lon]));
  const apart = of.length > 1 && map.getZoom() < CLOSEST && !bounds.getNorthEast().equals(bounds.getSouthWest());
  if (apart) map.fitBounds(bounds, { padding: [120, 120], maxZoom: CLOSEST, animate: false });
  else if (of.length > 1 || map.getZoom() < 12) map.setView([lat, lon], Math.max(map.getZoom(), 13), { animate: false });
  const sensor = of.find((one) => one.alert.sensor_id !== null)?.alert.sensor_id;
  if (!apart && sensor) say({ sensor });
}
