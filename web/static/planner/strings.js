/** Every word of the planner's pages that a module shows, in both languages. */

/** @type {"zh" | "en"} */
export const language = document.documentElement.dataset.language === "en" ? "en" : "zh";

const table = {
  "unit.district": { zh: "区县", en: "district" },
  "unit.township": { zh: "镇街", en: "township" },
  "unit.village": { zh: "村社", en: "village" },
  "unit.grid": { zh: "网格", en: "grid" },
  "unit.microgrid": { zh: "微网格", en: "micro-grid" },
  "units.district": { zh: "区县", en: "districts" },
  "units.township": { zh: "镇街", en: "townships" },
  "units.village": { zh: "村社", en: "villages" },
  "units.grid": { zh: "网格", en: "grids" },
  "units.microgrid": { zh: "微网格", en: "micro-grids" },
  "state.draft": { zh: "草案", en: "draft" },
  "state.submitted": { zh: "待审核", en: "under review" },
  "state.returned": { zh: "已退回", en: "returned" },
  "state.approved": { zh: "已通过", en: "approved" },
  "state.published": { zh: "已发布", en: "published" },
  "state.filed": { zh: "已备案", en: "filed" },
  "state.withdrawn": { zh: "已撤回", en: "withdrawn" },
  "change.same": { zh: "未改动", en: "unchanged" },
  "change.changed": { zh: "已改动", en: "changed" },
  "change.new": { zh: "新设", en: "new" },

  "saved.saved": { zh: "已保存", en: "Saved" },
  "saved.sending": { zh: "正在保存 {n} 步…", en: "Saving {n}…" },
  "saved.offline": { zh: "离线，{n} 步待发", en: "Offline, {n} waiting" },
  "saved.held": { zh: "{n} 步未保存", en: "{n} not saved" },
  "saved.idleOffline": { zh: "离线", en: "Offline" },
  "saved.reading": { zh: "正在读取…", en: "Loading…" },
  "saved.readOnly": { zh: "只读", en: "Read only" },
  failed: { zh: "没有读到草案：{why}", en: "The draft could not be read: {why}" },
  unreached: { zh: "服务器没有应答，请重试。", en: "The server does not answer: try again." },
  offlineNow: { zh: "服务器没有应答。改动已存在本机，恢复后自动发送。", en: "The server does not answer. What you change is kept here and sent as soon as it does." },
  backOnline: { zh: "已重新连接，改动已发送。", en: "Connected again; what you changed has been sent." },
  offlineUndo: { zh: "离线时只能撤销尚未发送的步骤。", en: "Offline, only steps that have not been sent can be undone." },
  offlineMend: { zh: "服务器没有应答，恢复后再修复。", en: "The server does not answer: mend it when it does." },
  refused: { zh: "“{what}”没有做成：{why}", en: "“{what}” was not done: {why}" },
  moved: { zh: "草案在别处有了新改动，已重新读取，并重新执行您尚未保存的 {n} 步。", en: "The draft was changed elsewhere. It has been read again and your {n} unsaved steps were done anew." },
  movedNone: { zh: "草案在别处有了新改动，已重新读取。", en: "The draft was changed elsewhere and has been read again." },
  crosses: { zh: "这样会使边界相交，已还原。", en: "Borders would cross: it was put back." },
  waitsForServer: { zh: "“{what}”待服务器计算，恢复后显示。", en: "“{what}” is worked out by the server; it will show when it answers." },
  notHere: { zh: "这里正有一步待服务器计算，请稍后再改。", en: "A step here waits for the server: change it afterwards." },

  lockMine: { zh: "您正在编辑，保留到 {time}", en: "You are editing; kept for you until {time}" },
  lockOther: { zh: "{who}正在编辑，到 {time}", en: "{who} is editing, until {time}" },
  lockElsewhere: { zh: "您正在编辑另一份相关草案，到 {time}", en: "You are editing another draft of this area, until {time}" },
  lockFree: { zh: "现在可以编辑了", en: "It can be edited now" },
  lockTake: { zh: "开始编辑", en: "Start editing" },
  lockLost: { zh: "编辑权已转给{who}，本页改为只读。", en: "{who} has taken over; this page is read only now." },
  somebody: { zh: "他人", en: "Somebody else" },
  outdated: { zh: "现行边界在建草案后有变动。", en: "What is in force has changed since the draft was opened." },
  rebase: { zh: "以现行边界为底重做", en: "Put the draft on it" },
  rebased: { zh: "已换到现行边界；{n} 步不再成立：{why}", en: "Done; {n} steps do not hold any more: {why}" },
  closed: { zh: "草案{state}，不能再改。", en: "The draft is {state}: it cannot be changed any more." },

  "tool.split": { zh: "分割", en: "Split" },
  "tool.merge": { zh: "合并", en: "Merge" },
  "tool.piece": { zh: "划转", en: "Move a piece" },
  "tool.undo": { zh: "撤销", en: "Undo" },
  "tool.redo": { zh: "重做", en: "Redo" },
  "tool.snap": { zh: "吸附", en: "Snap" },
  "tool.swipe": { zh: "前后对比", en: "Before/after" },
  "tool.whole": { zh: "全图", en: "Whole" },
  "tool.help": { zh: "按键说明", en: "Keys" },
  "tool.done": { zh: "完成", en: "Finish" },
  "tool.giveUp": { zh: "放弃", en: "Give up" },
  "tool.point": { zh: "落点", en: "Set a point" },
  zoomIn: { zh: "放大", en: "Zoom in" },
  zoomOut: { zh: "缩小", en: "Zoom out" },

  hintChoose: { zh: "点选一个{unit}改边界；按住 Shift 可多选。", en: "Click a {unit} to change its borders; Shift chooses several." },
  hintZoom: { zh: "放大后可改边界", en: "Zoom in to change borders" },
  hintEdit: { zh: "拖动顶点或边界，相邻{unit}同时变。右键删除顶点。", en: "Drag a vertex or a border: the neighbours follow. Right-click removes a vertex." },
  hintSplit: { zh: "画一条线，从{unit}的一边穿到另一边；双击或按 Enter 完成。", en: "Draw a line from one side of the {unit} to the other; double-click or Enter finishes." },
  hintPiece: { zh: "圈出要划给相邻{unit}的一块；回到起点或按 Enter 完成。", en: "Draw around the piece that goes to a neighbour; the first point or Enter finishes." },
  needOne: { zh: "请先选一个{unit}。", en: "Choose one {unit} first." },
  needTwo: { zh: "请先选两个或更多{unit}。", en: "Choose two {units} or more first." },
  needVertex: { zh: "请先选一个顶点。", en: "Choose a vertex first." },
  needZoom: { zh: "请先放大。", en: "Zoom in first." },
  noNeighbour: { zh: "这一块没有相邻的{unit}可划。", en: "There is no neighbouring {unit} to give it to." },
  cannotRemove: { zh: "这里是几条边界的交点，不能删除。", en: "Borders meet here: it cannot be removed." },

  countN: { zh: "{n} 个{unit}", en: "{n} {units}" },
  chosen: { zh: "已选", en: "Selected" },
  chosenN: { zh: "已选 {n} 个{unit}", en: "{n} {units} selected" },
  name: { zh: "名称", en: "Name" },
  code: { zh: "编号", en: "Code" },
  kind: { zh: "类别", en: "Kind" },
  households: { zh: "户数", en: "Households" },
  householdsNone: { zh: "户数未知", en: "households unknown" },
  householdsN: { zh: "{n} 户", en: "{n} households" },
  sensorsN: { zh: "{n} 个感知设备", en: "{n} sensors" },
  area: { zh: "面积", en: "Area" },
  sensors: { zh: "感知设备", en: "Sensors" },
  vertices: { zh: "顶点", en: "Vertices" },
  neighboursN: { zh: "相邻", en: "Neighbours" },
  areaPending: { zh: "保存后计算", en: "worked out when saved" },
  save: { zh: "保存", en: "Save" },
  unknown: { zh: "未知", en: "unknown" },
  parent: { zh: "所属", en: "Belongs to" },
  derived: { zh: "推算边界", en: "derived border" },

  "tab.units": { zh: "清单", en: "List" },
  "tab.findings": { zh: "检查", en: "Findings" },
  "tab.history": { zh: "经过", en: "History" },
  search: { zh: "名称或编号", en: "Name or code" },
  noUnits: { zh: "没有符合的{unit}。", en: "No {unit} fits." },
  moreUnits: { zh: "还有 {n} 个，请缩小范围。", en: "{n} more: search for less." },
  findingsNone: { zh: "检查通过，没有问题。", en: "All is sound." },
  findingsOld: { zh: "离线，检查结果停在最后一次保存。", en: "Offline: these are of the last save." },
  errorsN: { zh: "错误 {n}", en: "Errors {n}" },
  warningsN: { zh: "提醒 {n}", en: "Warnings {n}" },
  mend: { zh: "修复", en: "Mend" },
  goThere: { zh: "查看位置", en: "Go there" },
  moreFindings: { zh: "还有 {n} 条", en: "{n} more" },
  historyNone: { zh: "还没有改动。", en: "Nothing has been changed yet." },
  historyUndone: { zh: "（已撤销）", en: "(undone)" },

  "kind.gap": { zh: "有空隙", en: "Gap" },
  "kind.overlap": { zh: "有重叠", en: "Overlap" },
  "kind.outside_parent": { zh: "超出上级边界", en: "Outside its parent" },
  "kind.invalid": { zh: "图形无效", en: "Invalid shape" },
  "kind.orientation": { zh: "环方向有误", en: "Ring runs the wrong way" },
  "kind.sliver": { zh: "狭长碎片", en: "Sliver" },
  "kind.not_contiguous": { zh: "不连片", en: "Not contiguous" },
  "kind.duplicate_code": { zh: "编号重复", en: "Code used twice" },
  "kind.duplicate_name": { zh: "名称重复", en: "Name used twice" },
  "kind.code_form": { zh: "编号格式不符", en: "Code of the wrong form" },
  "kind.households_few": { zh: "户数偏少", en: "Few households" },
  "kind.households_many": { zh: "户数偏多", en: "Many households" },
  "kind.load_uneven": { zh: "负担不均", en: "Uneven load" },
  "kind.area_small": { zh: "面积偏小", en: "Small area" },
  "kind.area_large": { zh: "面积偏大", en: "Large area" },
  "kind.leaves_line": { zh: "偏离道路或河流", en: "Leaves a road or river" },
  "kind.changes_often": { zh: "一年内改动过多", en: "Changed too often" },

  "step.move": { zh: "移动顶点", en: "Move a vertex" },
  "step.add_vertex": { zh: "增加顶点", en: "Add a vertex" },
  "step.remove_vertex": { zh: "删除顶点", en: "Remove a vertex" },
  "step.reshape": { zh: "移动边界", en: "Move a border" },
  "step.split": { zh: "分割", en: "Split" },
  "step.merge": { zh: "合并", en: "Merge" },
  "step.transfer": { zh: "划转", en: "Move a piece" },
  "step.rename": { zh: "改名改号", en: "Rename" },
  "step.replace": { zh: "替换", en: "Replace" },

  "ask.split": { zh: "分割{unit}", en: "Split the {unit}" },
  "ask.splitNote": { zh: "较大的一块保留“{name}”的编号。", en: "The larger part remains “{name}”." },
  "ask.newName": { zh: "新{unit}名称", en: "Name of the new {unit}" },
  "ask.newCode": { zh: "新{unit}编号（可空）", en: "Its code (may be empty)" },
  "ask.merge": { zh: "合并{unit}", en: "Merge {units}" },
  "ask.mergeInto": { zh: "保留", en: "Keep" },
  "ask.piece": { zh: "划给哪个{unit}", en: "Give it to which {unit}?" },
  "ask.pieceNote": { zh: "从“{name}”划出", en: "Out of “{name}”" },
  cancel: { zh: "取消", en: "Cancel" },
  splitName: { zh: "{name}（二）", en: "{name} (2)" },

  swipeBefore: { zh: "现行", en: "In force" },
  swipeAfter: { zh: "草案", en: "Draft" },
  swipeHandle: { zh: "前后对比分界", en: "Divider between what is in force and the draft" },
  vertexAt: { zh: "顶点 {i}/{n}，{shared}", en: "Vertex {i} of {n}, {shared}" },
  vertexShared: { zh: "与{names}共有", en: "shared with {names}" },
  vertexOuter: { zh: "在上级边界上，只能沿边界滑动", en: "on the parent's border: it slides along it only" },
  vertexMoving: { zh: "按 Enter 确定，Esc 放弃。", en: "Enter keeps it, Escape gives it up." },
  chosenTold: { zh: "已选 {name}，{n} 个相邻{unit}", en: "{name} selected, {n} neighbours" },
  crosshair: { zh: "方向键移动十字，空格落点，Enter 完成，Esc 放弃。", en: "Arrow keys move the cross, Space sets a point, Enter finishes, Escape gives up." },

  keysTitle: { zh: "按键说明", en: "Keys" },
  close: { zh: "关闭", en: "Close" },
  "keys.where.any": { zh: "任何时候", en: "Anywhere" },
  "keys.where.map": { zh: "地图上", en: "On the map" },
  "keys.where.vertex": { zh: "选中顶点时", en: "With a vertex selected" },
  "keys.where.draw": { zh: "画线、圈画时", en: "While drawing" },

  lists: { zh: "草案", en: "Drafts" },
  nothingListed: { zh: "还没有草案。", en: "There is no draft yet." },
  title: { zh: "标题", en: "Title" },
  root: { zh: "范围", en: "Of" },
  level: { zh: "层级", en: "Level" },
  stateWord: { zh: "状态", en: "State" },
  openedBy: { zh: "发起人", en: "Opened by" },
  changedAt: { zh: "发起时间", en: "Opened" },
  steps: { zh: "步数", en: "Steps" },
  open: { zh: "打开", en: "Open" },
  impact: { zh: "影响与送审", en: "Impact and submission" },
  newTitle: { zh: "{name}{unit}调整", en: "{name}: {units}" },
  gridsN: { zh: "{n} 个网格", en: "{n} grids" },
  onMap: { zh: "看图", en: "On the map" },
  replaceGrids: { zh: "替换现有网格", en: "Replace the grids in force" },
  moreProposals: { zh: "另有 {n} 个镇街，请先选镇街。", en: "{n} more townships: choose one." },
  adopt: { zh: "采用为草案", en: "Adopt as a draft" },
};

/** What the draft's divisions are called; the page says it once it knows. */
let level = "grid";

/** @param {string} name */
export function nameUnits(name) {
  level = name in { district: 1, township: 1, village: 1, grid: 1, microgrid: 1 } ? name : "grid";
}

/**
 * A string of the table with its `{names}` filled in; `{unit}` and `{units}` are the draft's own word.
 * @param {string} key @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  const entry = table[key];
  if (!entry) throw new Error(`no string named ${key}`);
  return filled(entry[language], values);
}

/** @param {string} text @param {Record<string, string | number>} [values] */
export function filled(text, values = {}) {
  const all = { unit: table[`unit.${level}`][language], units: table[`units.${level}`][language], ...values };
  return text.replace(/\{(\w+)\}/g, (/** @type {string} */ _, /** @type {string} */ name) => String(all[name]));
}

/** A word for something that the data names; its own name where the table has none. @param {string} kind @param {string} name */
export function word(kind, name) {
  const entry = table[`${kind}.${name}`];
  return entry ? entry[language] : name;
}

const TIME = new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", { timeZone: "Asia/Shanghai", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" });

/** @param {string} instant */
export const clock = (instant) => TIME.format(new Date(instant));
/** @param {string} instant */
export const when = (instant) => DAY.format(new Date(instant));

/** Square metres, as people read them. @param {number} value */
export function area(value) {
  if (value >= 1e5) return `${(value / 1e6).toFixed(value >= 1e7 ? 1 : 3)} km²`;
  return `${value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(2)} m²`;
}
