/** How the shipped ground is painted: widths in pixels by zoom, colours from the style sheet. */

import { keptClear } from "./clear.js";

/** @typedef {(zoom: number, feature: any) => boolean} Filter */

const FONT = `"Noto Sans SC Variable", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif`;
const CLASSES = { trunk: 4, primary: 3, secondary: 2, tertiary: 1 };
const WALKED = ["footway", "steps", "path", "cycleway", "track"];

/** @param {string} name of a custom property */
const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--ground-${name}`).trim();
const lib = () => /** @type {any} */ (globalThis).protomapsL;

/** The rank of a road: 4 trunk … 1 tertiary, 0 a street, −1 where one walks. @param {any} feature */
function rank({ props }) {
  const name = String(props.class).replace(/_link$/, "");
  if (WALKED.includes(name)) return -1;
  return /** @type {Record<string, number>} */ (CLASSES)[name] ?? 0;
}

/** Doubling every two zooms. @param {number} at16 width at zoom 16 */
const growing = (at16) => (/** @type {number} */ zoom) => Math.max(0.7, at16 * 2 ** ((zoom - 16) / 1.7));

/** @param {number} size px @param {number} weight */
const font = (size, weight) => `${weight} ${size}px ${FONT}`;

/** Where lines cross, a station is drawn earlier. @param {boolean} crossing */
const stationRule = (crossing) => ({
  dataLayer: "station", minzoom: crossing ? 13 : 14,
  filter: (/** @type {number} */ _, /** @type {any} */ feature) => Boolean(feature.props.crossing) === crossing,
});

/** What is filled and stroked, the lowest first. */
export function paints() {
  const { CircleSymbolizer, LineSymbolizer, PolygonSymbolizer } = lib();
  const dot = (/** @type {number} */ radius) => new CircleSymbolizer({ radius, fill: ink("dot"), stroke: ink("station"), width: 2.5, opacity: 1 });
  const line = (/** @type {string} */ color, /** @type {any} */ width, more = {}) => new LineSymbolizer({ color: ink(color), width, lineCap: "round", lineJoin: "round", ...more });
  const road = (/** @type {Filter} */ filter, /** @type {any} */ symbolizer) => ({ dataLayer: "road", filter, symbolizer });
  const open = (/** @type {number} */ of) => (/** @type {number} */ _, /** @type {any} */ feature) => rank(feature) === of && !feature.props.tunnel;
  const rules = [
    { dataLayer: "water", symbolizer: new PolygonSymbolizer({ fill: ink("water"), stroke: ink("shore"), width: 1.2 }) },
    road((_, feature) => Boolean(feature.props.tunnel) && rank(feature) >= 0, line("street", growing(3), { opacity: 0.7, dash: [6, 6], lineCap: "butt" })),
    road(open(-1), line("path", growing(1.6), { dash: [4, 4], lineCap: "butt" })),
    road(open(0), line("street", growing(4))),
  ];
  for (const [of, width] of /** @type {const} */ ([[1, 5], [2, 6.5], [3, 8], [4, 9.5]])) {
    rules.push(road(open(of), line("casing", (/** @type {number} */ zoom) => growing(width)(zoom) + 2)));
  }
  for (const [of, width, color] of /** @type {const} */ ([[1, 5, "road"], [2, 6.5, "road"], [3, 8, "main"], [4, 9.5, "main"]])) {
    rules.push(road(open(of), line(color, growing(width))));
  }
  rules.push({ dataLayer: "rail", symbolizer: line("rail", growing(5)) }, { dataLayer: "rail", symbolizer: line("sleeper", growing(2.4), { dash: [8, 8], lineCap: "butt" }) });
  rules.push({ ...stationRule(false), symbolizer: dot(3.5) }, { ...stationRule(true), symbolizer: dot(5) });
  return rules;
}

/** Names, the most wanted first: stations, then the greater roads. */
export function labels() {
  const { LineLabelSymbolizer, OffsetTextSymbolizer } = lib();
  const text = (/** @type {string} */ fill, /** @type {number} */ size, weight = 500) => ({ fill: ink(fill), stroke: ink("halo"), font: font(size, weight) });
  const station = (/** @type {boolean} */ crossing) => ({
    ...stationRule(crossing),
    symbolizer: keptClear(new OffsetTextSymbolizer({ ...text("station", 18, crossing ? 600 : 500), labelProps: ["name"], width: 2.5, offsetX: 9, offsetY: 4 })),
  });
  const road = (/** @type {number} */ of, /** @type {number} */ minzoom) => ({
    dataLayer: "road", minzoom,
    filter: (/** @type {number} */ _, /** @type {any} */ feature) => rank(feature) === of && Boolean(feature.props.name) && !feature.props.class.endsWith("_link"),
    symbolizer: keptClear(new LineLabelSymbolizer({ ...text("name", 18, 400), labelProps: ["name"], width: 4, position: 2, repeatDistance: 420 })),
  });
  const water = { dataLayer: "water", minzoom: 13, filter: (/** @type {number} */ _, /** @type {any} */ { props }) => Boolean(props.name), symbolizer: keptClear(new (lib().CenteredTextSymbolizer)({ ...text("river", 20), labelProps: ["name"], width: 2.5, letterSpacing: 4 })) };
  return [station(true), station(false), water, road(4, 14), road(3, 14), road(2, 15), road(1, 15), road(0, 16)];
}
