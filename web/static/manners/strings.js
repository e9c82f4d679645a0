/** Words of how the screen behaves. */

import { addWords } from "../strings.js";

addWords({
  "manners.light": { zh: "浅色界面", en: "Light theme" },
  "manners.dark": { zh: "深色界面", en: "Dark theme" },
  "manners.screens": { zh: "大屏", en: "Screens" },
  "manners.thisScreen": { zh: "本屏名称", en: "Name of this screen" },
  "manners.named": { zh: "命名", en: "Name it" },
  "manners.nameNote": { zh: "命名后可由席位操控", en: "With a name, a desk can drive it" },
  "manners.thisParts": { zh: "本屏显示", en: "This screen shows" },
  "manners.others": { zh: "在线大屏", en: "Screens that are on" },
  "manners.none": { zh: "没有在线的大屏", en: "No named screen is on" },
  "manners.send": { zh: "推送当前画面", en: "Send this view" },
  "manners.follow": { zh: "跟随本席位", en: "Follow this desk" },
  "manners.sent": { zh: "已推送", en: "Sent" },
  "manners.failed": { zh: "未送达：{why}", en: "Not sent: {why}" },
  "manners.part.map": { zh: "地图", en: "Map" },
  "manners.part.queue": { zh: "待办", en: "Queue" },
  "manners.part.plans": { zh: "预案", en: "Plans" },
  "manners.part.figures": { zh: "统计", en: "Figures" },
});
