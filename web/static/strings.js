/** Every word on the screen, in both languages; nothing else in the modules is shown to people. */

/** @type {"zh" | "en"} */
export const language = document.documentElement.dataset.language === "en" ? "en" : "zh";

/** @type {Record<string, {zh: string, en: string}>} */
const table = {
  map: { zh: "实景地图", en: "Map" },
  zoomIn: { zh: "放大", en: "Zoom in" },
  zoomOut: { zh: "缩小", en: "Zoom out" },
  wholeCity: { zh: "全市", en: "Whole city" },
  close: { zh: "关闭", en: "Close" },

  exercise: { zh: "演练", en: "EXERCISE" },
  clockReplay: { zh: "回放时间", en: "Replay time" },
  clockWall: { zh: "北京时间", en: "Beijing time" },
  linkLive: { zh: "实时", en: "Live" },
  linkWaiting: { zh: "连接中", en: "Connecting" },
  linkStale: { zh: "已中断", en: "Offline" },
  staleConnection: { zh: "连接中断，数据停在 {time}，正在自动重连", en: "Connection lost. Data as of {time}. Reconnecting…" },
  staleDatabase: { zh: "数据库无应答，数据停在 {time}，恢复后自动继续", en: "Database not answering. Data as of {time}. Resumes by itself." },

  "level.blue": { zh: "蓝", en: "Blue" },
  "level.yellow": { zh: "黄", en: "Yellow" },
  "level.orange": { zh: "橙", en: "Orange" },
  "level.red": { zh: "红", en: "Red" },

  allWell: { zh: "一切正常", en: "All is well" },
  allWellNote: { zh: "没有未结的监测告警", en: "No open alerts" },
  noReadings: { zh: "尚无读数", en: "No readings yet" },
  noReadingsNote: { zh: "还不能判断：没有一个测站报过数", en: "Nothing to judge by: no station has reported" },
  openAlertsNote: { zh: "{n} 起未结", en: "{n} open" },
  none: { zh: "暂无", en: "None" },

  queue: { zh: "监测告警", en: "Alerts" },
  watch: { zh: "测站现状", en: "Stations" },
  watchNone: { zh: "此处没有设阈值的测站。", en: "No station here has a threshold." },
  watchNote: { zh: "按距阈值远近", en: "nearest to a threshold first" },
  moreStations: { zh: "另有 {n} 个测站", en: "{n} more stations" },
  since: { zh: "{time} 起", en: "since {time}" },
  "state.open": { zh: "未签收", en: "not acknowledged" },
  "state.acknowledged": { zh: "已签收", en: "acknowledged" },
  "state.in_hand": { zh: "处置中", en: "in hand" },
  "state.resolved": { zh: "已解除", en: "resolved" },
  "state.closed": { zh: "已办结", en: "closed" },
  suppressedNote: { zh: "搁置 {n}", en: "{n} put aside" },
  inhibitedNote: { zh: "归并 {n}", en: "{n} behind graver ones" },
  reported: { zh: "人工上报", en: "Reported" },
  unlocated: { zh: "未定位", en: "not located" },

  incidents: { zh: "事件", en: "Incidents" },
  incidentTownships: { zh: "{n} 个镇街", en: "{n} townships" },
  incidentAlert: { zh: "{n} 起告警", en: "{n} alert" },
  incidentAlerts: { zh: "{n} 起告警", en: "{n} alerts" },
  incidentPace: { zh: "近 10 分钟 +{n}", en: "+{n} in 10 min" },
  moreNotices: { zh: "另有 {n}", en: "{n} more" },
  "family.air": { zh: "空气", en: "Air" },
  "family.care": { zh: "人员", en: "People" },
  "family.device": { zh: "设备", en: "Devices" },
  "family.electric": { zh: "用电", en: "Electric" },
  "family.fire": { zh: "火情", en: "Fire" },
  "family.flood": { zh: "洪水", en: "Flood" },
  "family.gas": { zh: "燃气", en: "Gas" },
  "family.geohazard": { zh: "地灾", en: "Geohazard" },
  "family.heat": { zh: "高温", en: "Heat" },
  "family.lift": { zh: "电梯", en: "Lift" },
  "family.manhole": { zh: "井盖", en: "Manhole" },
  "family.rain": { zh: "降雨", en: "Rain" },
  "family.waterlogging": { zh: "内涝", en: "Waterlogging" },
  official: { zh: "官方预警", en: "Official warnings" },
  until: { zh: "至 {time}", en: "until {time}" },
  "colour.blue": { zh: "蓝色", en: "blue" },
  "colour.yellow": { zh: "黄色", en: "yellow" },
  "colour.orange": { zh: "橙色", en: "orange" },
  "colour.red": { zh: "红色", en: "red" },

  runs: { zh: "预案执行", en: "Plans under way" },
  runsQuiet: { zh: "没有在执行的预案。", en: "No plan is under way." },
  tasksDone: { zh: "{done}/{all} 完成", en: "{done} of {all} done" },
  moreRuns: { zh: "另有 {n} 个预案", en: "{n} more plans" },
  left: { zh: "剩 {time}", en: "{time} left" },
  overdue: { zh: "超时 {time}", en: "{time} over" },
  noLimit: { zh: "不限时", en: "no limit" },
  every: { zh: "每 {n} 分钟", en: "every {n} min" },
  "task.waiting": { zh: "待派", en: "waiting" },
  "task.sent": { zh: "已发", en: "sent" },
  "task.delivered": { zh: "已达", en: "delivered" },
  "task.read": { zh: "已读", en: "read" },
  "task.acknowledged": { zh: "已应", en: "answered" },
  "task.on_site": { zh: "到场", en: "on site" },
  "task.done": { zh: "完成", en: "done" },
  "task.skipped": { zh: "略过", en: "skipped" },
  "task.stood_down": { zh: "解除", en: "stood down" },

  townships: { zh: "镇街", en: "Townships" },
  townshipsLocated: { zh: "已定位 {n}", en: "{n} located" },
  sensors: { zh: "测站", en: "Sensors" },
  sensorsReporting: { zh: "有读数 {n}", en: "{n} reporting" },
  readings: { zh: "读数入库", en: "Readings" },
  readingsLate: { zh: "迟到 {n}", en: "{n} late" },
  quarantined: { zh: "隔离", en: "Quarantined" },
  quarantinedNote: { zh: "待人核对", en: "to be checked" },
  quarantinedNone: { zh: "无", en: "none" },
  unlocatedSensors: { zh: "未定位测站 {n}", en: "Not located: {n}" },
  noPlace: { zh: "无坐标", en: "no place" },
  outside: { zh: "市域外", en: "outside the city" },

  legend: { zh: "图例", en: "Legend" },
  legendNormal: { zh: "正常", en: "Normal" },
  legendSilent: { zh: "无读数", en: "No reading" },
  legendTownship: { zh: "镇街界（推算边界 · 非官方）", en: "Township (derived, not official)" },
  legendDistrict: { zh: "区县界", en: "District" },
  legendRiver: { zh: "主要河流", en: "Main river" },
  legendFilled: { zh: "有告警的镇街", en: "Township with an alert" },
  derivedNote: { zh: "镇街界为推算边界 · 非官方", en: "Township lines are derived, not official" },
  attribution: {
    zh: "点位 Vonng/adcode、GeoNames（CC BY 4.0）· 河流 Natural Earth · 区县界 cnmaps",
    en: "Points Vonng/adcode, GeoNames (CC BY 4.0) · Rivers Natural Earth · Districts cnmaps",
  },
  derivedMark: { zh: "推算边界 · 非官方", en: "derived, not official" },

  "quantity.stage": { zh: "水位", en: "Stage" },
  "quantity.discharge": { zh: "流量", en: "Discharge" },
  "quantity.rain": { zh: "雨量", en: "Rain" },
  "levelName.warning": { zh: "警戒", en: "Warning" },
  "levelName.guarantee": { zh: "保证", en: "Guarantee" },
  "levelName.highest": { zh: "历史最高", en: "Record" },
  above: { zh: "超{level} {by}", en: "{level} +{by}" },
  below: { zh: "低于{level} {by}", en: "{level} −{by}" },
  "datum.wusong": { zh: "吴淞高程", en: "Wusong datum" },
  "datum.huanghai": { zh: "黄海高程", en: "Huanghai datum" },
  "datum.unstated": { zh: "基面未注明", en: "datum not stated" },
  readAt: { zh: "{time} 读数", en: "read {time}" },
  source: { zh: "来源", en: "Source" },
  rising: { zh: "上涨", en: "rising" },
  falling: { zh: "回落", en: "falling" },
  steady: { zh: "持平", en: "steady" },
  urgentEvent: { zh: "紧急事件 #{n}，请立即受理", en: "Urgent event #{n}: accept it now" },
  days: { zh: "{d}天{h}时", en: "{d} d {h} h" },
};

/** The words of a part of the screen. @param {Record<string, {zh: string, en: string}>} words */
export function addWords(words) {
  for (const [key, entry] of Object.entries(words)) {
    if (key in table) throw new Error(`two strings are named ${key}`);
    table[key] = entry;
  }
}

/**
 * A string of the table with its `{names}` filled in.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  const entry = table[key];
  if (!entry) throw new Error(`no string named ${key}`);
  return entry[language].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/**
 * A word for something that the data names; its own name where the table has none.
 * @param {string} kind @param {string} name
 */
export function word(kind, name) {
  const entry = table[`${kind}.${name}`];
  return entry ? entry[language] : name;
}

/** Fill the skeleton of the page: `data-t` is the text, `data-label` the accessible name. */
export function fillSkeleton() {
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", t(node.dataset.label));
}
