/** Colours and type for a canvas, as the style sheets have them now. */

const probe = document.createElement("i");
probe.hidden = true;
document.body.append(probe);

/** @param {string} name of a custom property */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || getComputedStyle(document.body).color;
}

/** Series that are no levels: told apart by lightness and pattern. */
export const series = () => ["--calm", "--soft", "--text", "--figure-deep"].map(colour);

/** @param {string} level */
export const levelColour = (level) => colour(`--${level}`);

/** px: read from further away on a wall. */
export const size = () => (innerWidth >= 1600 ? 18 : 15);

/** What every chart has. */
export function ground() {
  const [text, soft, line, panel] = ["--text", "--soft", "--line", "--raised"].map(colour);
  const font = getComputedStyle(document.body).fontFamily;
  const axis = {
    axisLabel: { color: soft, fontSize: size(), fontFamily: font, hideOverlap: true },
    axisLine: { lineStyle: { color: line } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: line } },
    nameTextStyle: { color: soft, fontSize: size(), fontFamily: font },
  };
  return {
    text, soft, line, panel, font, axis,
    base: {
      animation: false,
      textStyle: { color: text, fontFamily: font, fontSize: size() },
      aria: { enabled: true, decal: { show: true } },
      // richText: the words are drawn on the canvas, and no markup is made of data.
      tooltip: { renderMode: "richText", confine: true, trigger: "axis", axisPointer: { type: "shadow" }, backgroundColor: panel, borderColor: line, textStyle: { color: text, fontFamily: font, fontSize: size() } },
      legend: { top: 0, left: 0, itemWidth: 22, itemHeight: 14, itemGap: 18, textStyle: { color: text, fontFamily: font, fontSize: size() } },
      grid: { left: 8, right: 16, top: 44, bottom: 8, containLabel: true },
    },
  };
}
