/** Every word of the worker's page, in both languages. */

/** @type {"zh" | "en"} */
export const language = document.documentElement.dataset.language === "en" ? "en" : "zh";

const table = {
  tasks: { zh: "我的任务", en: "My tasks" },
  report: { zh: "上报事件", en: "Report an event" },
  grid: { zh: "我的网格", en: "My grid" },

  live: { zh: "在线", en: "Online" },
  waiting: { zh: "连接中", en: "Connecting" },
  offline: { zh: "离线", en: "Offline" },
  offlineWaits: { zh: "离线 · {n} 条待发送", en: "Offline · {n} to send" },
  waits: { zh: "{n} 条待发送", en: "{n} to send" },

  none: { zh: "现在没有任务", en: "No tasks now" },
  noneNote: { zh: "有任务时会响铃并显示在这里，无需一直看着。", en: "A task rings and shows up here. There is no need to watch." },
  noneOffline: { zh: "离线。上次连接时没有任务。", en: "Offline. No tasks when last connected." },
  noPerson: { zh: "本账号尚未关联人员，请联系管理员。", en: "This account is linked with no person: ask an administrator." },

  "level.red": { zh: "红色", en: "Red" },
  "level.orange": { zh: "橙色", en: "Orange" },
  "level.yellow": { zh: "黄色", en: "Yellow" },
  "level.blue": { zh: "蓝色", en: "Blue" },
  exercise: { zh: "演练", en: "Exercise" },

  left: { zh: "剩 {time}", en: "{time} left" },
  over: { zh: "超时 {time}", en: "{time} over" },
  until: { zh: "{time} 前完成", en: "by {time}" },
  every: { zh: "每 {n} 分钟一次，第 {round} 次", en: "every {n} min, no. {round}" },
  evidence: { zh: "需要：{what}", en: "Needed: {what}" },

  acknowledged: { zh: "收到", en: "Received" },
  on_site: { zh: "到场", en: "On site" },
  done: { zh: "完成", en: "Done" },
  howEnded: { zh: "结果如何？点一项即完成", en: "How did it end? One tap completes it" },
  "now.acknowledged": { zh: "已收到", en: "Received" },
  "now.on_site": { zh: "已到场", en: "On site" },
  "now.done": { zh: "已完成", en: "Done" },
  "now.cannot": { zh: "已转下一位", en: "Passed on" },
  "now.skipped": { zh: "已取消", en: "Cancelled" },
  "now.stood_down": { zh: "已解除", en: "Stood down" },
  "now.called": { zh: "已转他人", en: "Given to somebody else" },
  toSend: { zh: "待发送", en: "to be sent" },
  sent: { zh: "已送达", en: "sent" },
  other: { zh: "已有人应答：{who}。仍可到场协助。", en: "Answered by {who}. You may still go and help." },
  anybody: { zh: "他人", en: "somebody else" },

  cannot: { zh: "去不了，叫下一位", en: "I cannot: call the next" },
  cannotSure: { zh: "确定去不了？系统将立即叫下一位。", en: "Sure? The next one is called at once." },
  cannotYes: { zh: "是，叫下一位", en: "Yes, call the next" },
  back: { zh: "返回", en: "Back" },

  others: { zh: "还叫了谁", en: "Who else is called" },
  times: { zh: "{who}（{n} 人）", en: "{who} ({n})" },
  nobodyElse: { zh: "目前只叫了您", en: "Only you so far" },
  "part.post": { zh: "{post}", en: "{post}" },
  "part.backup": { zh: "后备{post}", en: "Backup {post}" },
  "part.command": { zh: "指挥", en: "Command" },
  "part.reassigned": { zh: "改派的人", en: "Reassigned" },
  "part.everybody": { zh: "全体", en: "Everybody" },
  "other.called": { zh: "已叫", en: "called" },
  "other.delivered": { zh: "已达", en: "delivered" },
  "other.read": { zh: "已读", en: "read" },
  "other.acknowledged": { zh: "已收到", en: "received" },
  "other.on_site": { zh: "已到场", en: "on site" },
  "other.done": { zh: "已完成", en: "done" },
  "other.cannot": { zh: "去不了", en: "cannot" },
  "other.ended": { zh: "已撤回", en: "called back" },

  map: { zh: "地图", en: "Map" },
  mapHide: { zh: "收起地图", en: "Hide the map" },
  mapNone: { zh: "按预案隐私要求不显示位置", en: "The plan keeps the place private" },
  loading: { zh: "载入中", en: "Loading" },
  mapLoading: { zh: "地图载入中", en: "Loading the map" },
  derived: { zh: "推算边界 · 非官方", en: "Derived boundary, not official" },
  noBoundary: { zh: "没有边界数据", en: "No boundary known" },

  photo: { zh: "加照片", en: "Add a photo" },
  voice: { zh: "加语音", en: "Add a voice note" },
  voiceStop: { zh: "停止（{n} 秒）", en: "Stop ({n} s)" },
  optional: { zh: "可选，不作要求", en: "Optional, never asked for" },
  attached: { zh: "附件 {n} 个", en: "{n} attached" },
  noMicrophone: { zh: "无法录音", en: "No microphone" },
  badPhoto: { zh: "照片无法读取", en: "The photo cannot be read" },

  finished: { zh: "刚完成", en: "Just finished" },
  newTask: { zh: "新任务：{what}", en: "New task: {what}" },
  look: { zh: "查看", en: "Look" },
  refused: { zh: "没有送达：{why}", en: "Not taken: {why}" },
  kept: { zh: "已存在手机上，联网后自动发送", en: "Kept on the phone; sent when online" },
  storageFull: { zh: "手机存储不可用，应答无法保存，请联网后重试。", en: "The phone's storage does not work: try again online." },

  sound: { zh: "声音", en: "Sound" },
  soundOn: { zh: "声音：开", en: "Sound: on" },
  soundOff: { zh: "声音：关", en: "Sound: off" },
  redSpoken: { zh: "红色任务，请立即查看。", en: "Red task. Look now." },
  notify: { zh: "页面关闭时也提醒我", en: "Also tell me when the page is closed" },
  notifyOn: { zh: "页面关闭时也会提醒", en: "You are also told when the page is closed" },
  notifyOff: { zh: "不再提醒", en: "No more" },
  notifyFailed: { zh: "此手机或浏览器不能接收推送", en: "This phone or browser takes no pushes" },

  what: { zh: "什么事", en: "What" },
  where: { zh: "在哪里", en: "Where" },
  more: { zh: "补充（可选）", en: "More (optional)" },
  moreHint: { zh: "一句话说明", en: "In a few words" },
  locating: { zh: "正在定位…", en: "Finding your place…" },
  located: { zh: "已定位，误差约 {n} 米", en: "Found, within {n} m" },
  notLocated: { zh: "定位不可用，请在地图上点位置", en: "No position: tap the map" },
  onMap: { zh: "已在地图上选定", en: "Chosen on the map" },
  chooseOnMap: { zh: "在地图上选", en: "Choose on the map" },
  urgent: { zh: "紧急，直报上级", en: "Urgent, straight up" },
  send: { zh: "上报", en: "Report" },
  sendNeedsKind: { zh: "先选什么事", en: "Choose what it is" },
  sendNeedsPlace: { zh: "还缺位置", en: "The place is missing" },
  reported: { zh: "已上报{where}", en: "Reported{where}" },
  reportKept: { zh: "已存好，联网后自动上报", en: "Kept; reported when online" },
  mend: { zh: "修改后再报", en: "Change it and report again" },
  another: { zh: "再报一件", en: "Report another" },
  ownEvents: { zh: "我的事件", en: "My events" },
  noKinds: { zh: "事件类型还未下载，正在重试，请联网。", en: "The kinds of events are not here yet; trying again: go online." },
  photoHere: { zh: "照片已附", en: "Photo attached" },
  remove: { zh: "去掉", en: "Remove" },

  posts: { zh: "我的岗位", en: "My posts" },
  noPosts: { zh: "没有登记岗位", en: "No post is registered" },
  sensors: { zh: "网格内的测点", en: "Sensors in my grid" },
  noSensors: { zh: "没有测点", en: "No sensors" },
  noValue: { zh: "无读数", en: "no reading" },
  gridOffline: { zh: "离线，显示上次的数据", en: "Offline: as last seen" },
  gridMissing: { zh: "还没有数据，请联网一次。", en: "Nothing here yet: go online once." },
  account: { zh: "我的账号", en: "My account" },
  privacy: {
    zh: "本页不记录您的位置、上线时间，也不打卡。位置只在您上报事件时随该事件发送。",
    en: "This page records neither where you are nor when you are online. A position is sent only with an event that you report.",
  },
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
