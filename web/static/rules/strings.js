/** Every word of the page of rule authors, in both languages. */

import { language } from "../strings.js";

const table = {
  "kind.threshold": { zh: "阈值", en: "Threshold" },
  "kind.event": { zh: "事件", en: "Event" },
  "kind.condition": { zh: "组合条件", en: "Condition" },
  "kind.count": { zh: "多点计数", en: "Count" },
  "kind.silence": { zh: "失联", en: "No data" },
  "kind.stuck": { zh: "读数不变", en: "Stuck value" },
  "kind.step": { zh: "突跳检查", en: "Step check" },
  "kind.warning": { zh: "官方预警", en: "Official warning" },
  "subject.sensor": { zh: "{n} 个测站", en: "{n} sensors" },
  "subject.device": { zh: "{n} 台设备", en: "{n} devices" },
  "subject.gateway": { zh: "{n} 个网关", en: "{n} gateways" },
  "subject.division": { zh: "{n} 个区划", en: "{n} divisions" },
  "tab.edit": { zh: "修改", en: "Edit" },
  "tab.try": { zh: "历史试算", en: "Try on history" },
  "tab.put": { zh: "投入使用", en: "Put in force" },
  "tab.history": { zh: "生效记录", en: "History" },
  "change.added": { zh: "新增", en: "added" },
  "change.removed": { zh: "移除", en: "taken out" },
  "change.changed": { zh: "已改", en: "changed" },

  loading: { zh: "正在读取规则…", en: "Reading the rules…" },
  unreachable: { zh: "服务器无应答，正在重试", en: "The server does not answer; trying again" },
  inForceShipped: { zh: "现行：随程序提供的 {n} 条规则", en: "In force: the {n} rules shipped with the program" },
  inForceSet: { zh: "现行：第 {id} 版 · {n} 条 · {author} · {time}", en: "In force: version {id} · {n} rules · {author} · {time}" },
  shippedBy: { zh: "随程序", en: "shipped" },
  trouble: { zh: "最新一版不合本程序的格式，上一个可用版本继续运行：{text}", en: "The newest version does not hold together; the last good one keeps running: {text}" },
  readOnly: { zh: "只读：在服务器本机上打开本页才能修改", en: "Read only: rules are changed from the server itself" },
  moved: { zh: "第 {now} 版已经生效，草稿是照第 {base} 版写的。请核对差异后再投入使用。", en: "Version {now} is in force by now; this draft was made from version {base}. Look at the differences first." },
  rebase: { zh: "改照现行版", en: "Go on from the one in force" },
  search: { zh: "查找规则", en: "Find a rule" },
  newRule: { zh: "照此新建", en: "Copy as new" },
  newId: { zh: "新规则的文件名，如 river-stage-upper", en: "File name of the new rule: river-stage-upper" },
  newIdWrong: { zh: "用小写字母、数字和连字符，且不与已有规则重名", en: "Small letters, digits and hyphens, and a name that is not taken" },
  create: { zh: "新建", en: "Create" },
  back: { zh: "全部规则", en: "All rules" },
  judges: { zh: "判 {who}", en: "Judges {who}" },
  judged: { zh: "判 {n}", en: "judges {n}" },
  judgesNothing: { zh: "眼下没有可判的测站", en: "Nothing to judge at present" },
  townshipsOf: { zh: "{n} 个镇街", en: "{n} townships" },
  districtsOf: { zh: "{n} 个区县", en: "{n} districts" },
  refused: { zh: "不判 {n} 个", en: "Refuses {n}" },
  andMore: { zh: "等 {n} 个", en: "and {n} more" },
  firstAction: { zh: "先做", en: "First" },
  notSound: { zh: "草稿有错，改好后才能读成句子", en: "The draft has a mistake; mended, it reads as sentences" },
  draftOf: { zh: "草稿", en: "Draft" },

  text: { zh: "规则文本", en: "Text of the rule" },
  checking: { zh: "检查中…", en: "Checking…" },
  sound: { zh: "检查通过", en: "Holds together" },
  faults: { zh: "{n} 处错误", en: "{n} mistakes" },
  faultAt: { zh: "第 {line} 行", en: "Line {line}" },
  mend: { zh: "改法", en: "Mend" },
  discard: { zh: "放弃改动", en: "Discard" },
  remove: { zh: "移除此规则", en: "Take this rule out" },
  restore: { zh: "恢复此规则", en: "Put it back" },
  removedNote: { zh: "草稿里移除了这条规则。投入使用后，它尚未解除的告警以“规则已移除”结束。", en: "The draft takes this rule out. Once in force, its open alerts end with the reason that the rule was removed." },
  differs: { zh: "与现行的差异", en: "Against what is in force" },
  same: { zh: "与现行一致", en: "As what is in force" },

  from: { zh: "自", en: "From" },
  to: { zh: "至", en: "To" },
  where: { zh: "区域", en: "Where" },
  wholeCity: { zh: "全市", en: "Whole city" },
  chosen: { zh: "已选 {n} 处", en: "{n} chosen" },
  run: { zh: "试算", en: "Try" },
  running: { zh: "试算中…", en: "Trying…" },
  noHistory: { zh: "库里还没有读数，无从试算", en: "No readings are stored yet: nothing to try on" },
  storedFrom: { zh: "库存读数：{first} 至 {last}", en: "Stored readings: {first} to {last}" },
  trialNote: { zh: "{n} 条读数 · {sensors} 个测站 · 用时 {s} 秒 · 提前 3 天起算，使窗口和未解除的告警完整", en: "{n} readings · {sensors} sensors · took {s} s · begins 3 days early, so that windows and open alerts are whole" },
  nowSide: { zh: "现行规则", en: "In force" },
  draftSide: { zh: "草稿", en: "Draft" },
  level: { zh: "级别", en: "Level" },
  raised: { zh: "触发次数", en: "Times raised" },
  hours: { zh: "累计时长", en: "Hours in all" },
  longest: { zh: "最长一次", en: "Longest" },
  allAlerts: { zh: "告警总数", en: "Alerts" },
  openAtOnce: { zh: "同时未解除的告警数", en: "Alerts open at once" },
  most: { zh: "最多 {n}", en: "most {n}" },
  bySubject: { zh: "按测站", en: "By subject" },
  rule: { zh: "规则", en: "Rule" },
  subject: { zh: "对象", en: "Subject" },
  sideSum: { zh: "{n} 起 · {h} 时", en: "{n} · {h} h" },
  rowsLeftOut: { zh: "另有 {n} 行未列出", en: "{n} more rows are not listed" },
  nothingRaised: { zh: "两边都没有告警", en: "Neither raises anything" },
  sameResult: { zh: "结果相同", en: "The same result" },
  hoursOf: { zh: "{h} 时", en: "{h} h" },
  noDraft: { zh: "没有草稿改动：两边是同一套规则", en: "Nothing was changed: both sides are the same rules" },

  nothingToPut: { zh: "草稿与现行一致，没有可投入使用的改动。", en: "The draft is what is in force: there is nothing to put in force." },
  putNote: { zh: "投入使用后，运行中的管道随即改用，不需重启；未解除的告警保留，由下一条读数按新线升降或解除。", en: "A running pipeline takes it over at once, without a restart. Open alerts stay, and are lowered or cleared by the next readings as the new lines say." },
  note: { zh: "改了什么、为什么", en: "What was changed, and why" },
  put: { zh: "投入使用", en: "Put in force" },
  putDone: { zh: "第 {id} 版已投入使用", en: "Version {id} is in force" },
  mendFirst: { zh: "草稿有错，改好后才能投入使用。", en: "The draft has mistakes; mend them first." },

  version: { zh: "第 {id} 版", en: "Version {id}" },
  current: { zh: "现行", en: "in force" },
  shippedNow: { zh: "随本程序提供的规则", en: "The rules shipped with this program" },
  rulesCount: { zh: "{n} 条规则", en: "{n} rules" },
  show: { zh: "看差异", en: "Show differences" },
  revert: { zh: "恢复这一版", en: "Revert to it" },
  noHistoryYet: { zh: "还没有改过：现行的是随程序提供的规则。", en: "Nothing was changed yet: the rules shipped with the program are in force." },
};

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

const minutes = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai", dateStyle: "short", timeStyle: "short" });

/** 2020-08-20 08:15, Beijing time. @param {string} iso */
export const stamp = (iso) => minutes.format(Date.parse(iso));

/**
 * A word for something that the data names; its own name where the table has none.
 * @param {string} kind @param {string} name @param {Record<string, string | number>} [values]
 */
export const word = (kind, name, values = {}) => (table[`${kind}.${name}`] ? t(`${kind}.${name}`, values) : name);
