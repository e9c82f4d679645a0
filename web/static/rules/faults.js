/** What the server says of a mistake, in Chinese where it is of the usual kinds; else in its own words. */

import { language } from "../strings.js";

/** @type {[RegExp, string][]} */
const FORMS = [
  [/^(?:(.+?): )?Expected `(.+?)`, got `(.+?)`$/, "$1 要写成 $2，写的是 $3"],
  [/^(?:(.+?): )?Expected `(.+?)` (>=|<=|>|<) (.+)$/, "$1 要 $3 $4"],
  [/^(?:(.+?): )?Expected `(.+?)` of length >= 1$/, "$1 不能为空"],
  [/^(?:(.+?): )?Expected `str` matching regex .+$/, "$1 的写法不对"],
  [/^(?:(.+?): )?Object missing required field `(.+?)`$/, "缺少 $2"],
  [/^(?:(.+?): )?Object contains unknown field `(.+?)`$/, "没有 $2 这个键"],
  [/^(?:(.+?): )?Invalid enum value '(.+?)'$/, "$1 没有“$2”这个取值"],
  [/^(?:(.+?): )?Invalid value '(.+?)'$/, "$1 没有“$2”这个取值"],
  [/^not TOML: (.+)$/, "不是正确的 TOML：$1"],
  [/^not UTF-8$/, "不是 UTF-8 编码"],
  [/^`id` is '(.*?)', the file (.+)$/, "id 写的是 $1，文件名是 $2"],
  [/^`levels` out of order for (?:above|below): (.+)$/, "级别次序不对：$1"],
  [/^`levels` is empty$/, "levels 里一个级别也没有"],
  [/^a rule has either a `margin` or a `margin_fraction`$/, "margin 与 margin_fraction 要且只能写一个"],
  [/^no author$/, "没有写姓名"],
  [/^no note$/, "没有写改动说明"],
  [/^nothing differs from what is in force$/, "与现行规则没有差别"],
  [/^no name of a rule file$/, "文件名不合规则"],
  [/^a set without a rule judges nothing$/, "一条规则也没有"],
  [/^more than ([\d,]+) readings: choose fewer days or divisions$/, "读数超过 $1 条：请缩短时间或减少区域"],
  [/^(\d+) days are more than (\d+): choose fewer$/, "$1 天超过 $2 天：请缩短时间"],
  [/^not done in (\d+) s: choose fewer days or divisions$/, "$1 秒内算不完：请缩短时间或减少区域"],
  [/^another trial is under way.*$/, "另一个试算正在进行，请稍候再试"],
  [/^changes are taken on the server itself only.*$/, "未建立登录之前，只能在服务器本机上修改"],
];

/** @param {string} reason */
export function inWords(reason) {
  if (language !== "zh") return reason;
  for (const [form, zh] of FORMS) {
    const found = form.exec(reason);
    if (found) return zh.replace(/\$(\d)/g, (_, n) => found[Number(n)] ?? "").replaceAll("`", "").trim();
  }
  return reason;
}
