"""What is said of rule files and of trials, in Chinese: one table of the forms that the English has."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from alerts.rule_mend import REMEDIES

_AREAS = {
    "grid": "网格",
    "touching": "相邻网格",
    "township": "乡镇街道",
    "radius_m": "半径",
    "above": "向上",
    "below": "向下",
}
_LEVELS = {"blue": "蓝色", "yellow": "黄色", "orange": "橙色", "red": "红色", "none": "无"}
_TYPES = {
    "float": "数", "int": "整数", "str": "带引号的文字", "bool": "true 或 false", "null": "空", "datetime": "日期",
    "array": "列表 […]", "object": "表 {…}",
}  # fmt: skip

# English with {names} of what differs, and the Chinese; a name with :told is itself said in Chinese.
FORMS: tuple[tuple[str, str], ...] = (
    # what the parser of TOML says
    ("not TOML: too deep", "不是正确的 TOML：嵌套太深"),
    ("not TOML: {what:told} (at line {line}, column {column})",
     "不是正确的 TOML：{what}（第 {column} 列）"),
    ("not TOML: {what:told} (at end of document)", "不是正确的 TOML：{what}（文件末尾）"),
    ("not TOML: {what:told}", "不是正确的 TOML：{what}"),
    ("Invalid value", "值的写法不对"),
    ("Invalid statement", "这一行不是“键 = 值”"),
    ("Invalid initial character for a key part", "键名的写法不对"),
    ("Expected '=' after a key in a key/value pair", "键后面缺等号"),
    ("Expected newline or end of document after a statement", "值后面多了内容，或引号、括号没有配对"),
    ("Expected ']' at the end of a table declaration", "表头缺右方括号"),
    ("Expected ']]' at the end of an array declaration", "表头缺两个右方括号"),
    ("Cannot declare {key} twice", "{key} 写了两次"),
    ("Cannot overwrite a value", "同一个键写了两次"),
    ("Cannot redefine namespace {key}", "{key} 写了两次"),
    ("Cannot mutate immutable namespace {key}", "{key} 已用 {{…}} 写完，不能再添"),
    ("Duplicate inline table key {key}", "{key} 写了两次"),
    ("Unclosed array", "方括号没有配对"),
    ("Unclosed inline table", "花括号没有配对"),
    ("Unterminated string", "引号没有配对"),
    ("Illegal character {what}", "有不允许的字符 {what}"),
    ("Found invalid character {what}", "有不允许的字符 {what}"),
    ("Unescaped '\\' in a string", "文字里的反斜杠要写成两个"),
    ("Invalid hex value", "十六进制的写法不对"),
    ("Escaped character is not a Unicode scalar value", "转义的字符不存在"),
    ("Invalid date or datetime", "没有这个日期"),
    ("Exceeds the limit {more}", "数字太长"),
    # what msgspec says
    ("Expected `{type:type}`, got `{got:type}`", "要写{type}，写的是{got}"),
    ("Expected `array` of length {n}, got {got}", "要写 {n} 个，写了 {got} 个"),
    ("Expected `array` of length >= {n}", "至少写 {n} 个"),
    ("Expected `array` of length <= {n}", "最多写 {n} 个"),
    ("Expected `str` of length >= 1", "不能为空"),
    ("Expected `str` of length <= {n}", "最多 {n} 个字符"),
    ("Expected `str` matching regex {form}", "写法不对"),
    ("Expected `{type:type}` {sign} {limit}", "要 {sign} {limit}"),
    ("Object missing required field `{key}`", "缺少 {key}"),
    ("Object contains unknown field `{key}`", "没有 {key} 这个键"),
    ("Invalid enum value {value}", "没有 {value} 这个取值"),
    ("Invalid value {value}", "没有 {value} 这个取值"),
    ("Integer value out of range", "整数太大"),
    ("Expected {what}", "缺 {what}"),
    # files
    ("not UTF-8", "不是 UTF-8 编码"),
    ("{n} bytes, more than {most}", "文件有 {n} 字节，超过 {most}"),
    ("a line of {n} characters", "一行有 {n} 个字符"),
    ("more than {n} levels deep", "嵌套超过 {n} 层"),
    ("cannot be read: {why}", "读不了：{why}"),
    ("`id` is {id}, the file {file}", "id 写的是 {id}，文件名是 {file}"),
    ("a set without a rule judges nothing", "一条规则也没有"),
    ("{n} files are more than {most}", "有 {n} 个文件，超过 {most}"),
    ("longer than {n} characters", "超过 {n} 个字符"),
    ("no name of a rule file", "不是规则文件的名字"),
    # rules
    ("a rule has either a `margin` or a `margin_fraction`", "margin 与 margin_fraction 要且只能写一个"),
    ("a comparison has either a `margin` or a `margin_fraction`", "一个比较只能写 margin 或 margin_fraction 之一"),
    ("an override has either a `margin` or a `margin_fraction`", "一个 override 只能写 margin 或 margin_fraction 之一"),
    ("`levels` is empty", "levels 里一个级别也没有"),
    ("`levels` out of order for {way:area}: {milder:level} {low}, {graver:level} {high}",
     "级别次序不对（{way}）：{milder} {low}，{graver} {high}"),
    ("`subjects` is empty", "subjects 是空的"),
    ("`units` names no quantity", "units 里没有观测量"),
    ("`units` has {name}, which no condition looks at", "units 里的 {name} 没有条件用到"),
    ("which of `units` is it? write `quantity`", "units 里有几个观测量，要写明是哪一个 quantity"),
    ("`{key}`: `units` does not have {name}", "{key}：units 里没有 {name}"),
    ("`over_h` is more than 400 days", "over_h 超过 400 天"),
    ("between means `low` and `high`", "direction 为 between 时要写 low 和 high"),
    ("a band needs `direction` above or between", "区间要求 direction 为 above 或 between"),
    ("a band has both `low` and `high`", "区间的 low 和 high 都要写"),
    ("`low` {low} is not under `high` {high}", "low {low} 不小于 high {high}"),
    ("`strict` goes with one threshold, not with a band", "strict 用于单个阈值，不用于区间"),
    ("a level has either a `value` or `from`, or `low` and `high`", "一个级别写 value、from、low 与 high 三者之一"),
    ("an `offset` goes with `from`, not with a value", "offset 与 from 一起写，不与数值一起写"),
    ("a window has one length, not `{one}` and `{other}`", "窗口长度只写一个，不能既写 {one} 又写 {other}"),
    ("a window ends at one time, not `{one}` and `{other}` ago", "窗口只在一个时刻结束，不能既写 {one} 又写 {other}"),
    ("`{key}` goes with a window: write `of` too", "{key} 是窗口长度，还要写 of"),
    ('`of` = "{of}" needs a window: `over_h`', 'of = "{of}" 要写窗口长度 over_h'),
    ('`of` = "days" needs either `at_least` or `at_most`', 'of = "days" 要写 at_least 或 at_most 之一'),
    ('`of` = "days" needs whole days: `over_d`', 'of = "days" 的窗口要用 over_d 写整天'),
    ('`{key}` goes with of = {kinds:or}, not with "{of}"', "{key} 用于 of = {kinds}，不用于 {of}"),
    ("a comparison has one of `above`, `below`, or `low` and `high`", "一个比较写 above、below、low 与 high 三者之一"),
    ("`{one}` and `{other}` are two conditions: put them under `all` or `any`",
     "{one} 和 {other} 是两个条件：放到 all 或 any 下面"),
    ("`{key}` does not go with `{form}`", "{key} 不能与 {form} 写在一起"),
    ("an `expression` is compared with a number", "expression 只能与数比较"),
    ("`during` has `months` or `hours` or both", "during 里要写 months 或 hours"),
    ("`hours` are no span: write 00:00 to 24:00 for a whole day", "hours 不成时段：全天写 00:00 至 24:00"),
    ("`name`: {name} is a quantity of `units` already", "名字 {name} 已是 units 里的观测量"),
    ("`name`: {name} is a function of expressions", "名字 {name} 是算式里的函数"),
    ("`name`: there are two terms {name}", "有两个 terms 都叫 {name}"),
    ("`name`: the `expression` does not use {name}", "expression 没有用到 {name}"),
    ("`expression`: {why:told}", "算式有错：{why}"),
    ("more than {n} parts", "超过 {n} 个部分"),
    ("names no quantity", "没有用到观测量"),
    ("cannot read on from {text}: only names, numbers, + - * / ** ( ) min max abs",
     "从 {text} 起读不懂：只能有名字、数、+ - * / ** ( ) min max abs"),
    ("only min, max and abs can be called", "只能用 min、max、abs 这几个函数"),
    ("{name} of {n} values", "{name} 里写了 {n} 个值"),
    ("a power is a number up to {n}", "乘方的指数只能是不超过 {n} 的数"),
    ("does not parse: {why}", "不成算式"),
    ("{what} is not allowed: only + - * / **, min, max, abs and numbers up to 1e12",
     "只能有 + - * / **、min、max、abs 和不超过 1e12 的数"),
    ("a count needs `at_least` or `fraction`", "计数要写 at_least 或 fraction"),
    ('`radius_m` goes with within = "radius_m", and the other way round', 'radius_m 与 within = "radius_m" 要一起写'),
    ("`{key}` is nothing that this kind of rule has", "这一类规则没有 {key}"),
    ("an override names either `sensors` or `divisions`", "一个 override 写 sensors 或 divisions 之一"),
    ("an `override` that changes nothing", "这个 override 什么也没有改"),
    ("only thresholds have `levels` that can be overridden", "只有阈值规则的 levels 可以覆盖"),
    ("config/quantities.toml has no quantity {name}", "config/quantities.toml 里没有观测量 {name}"),
    ("{name} is not measured in {unit}", "{name} 不能用单位 {unit}"),
    ("looks back {days} days, but readings are kept for {kept}", "要回看 {days} 天，而读数只保留 {kept} 天"),
    ("there is no rule {name} to count", "没有可计数的规则 {name}"),
    ("{name} raises no alerts of sensors", "{name} 不产生测站告警"),
    ("{name} is about a whole {wide:area}, which lies in no {area:area}", "{name} 以整个{wide}为对象，放不进{area}"),
    ("{name} never is {level:level}: its highest level is {highest:level}", "{name} 到不了{level}，最高只到{highest}"),
    ("`of` goes in a circle: {circle}", "of 绕成了圈：{circle}"),
    # what to write instead, besides the remedies of each key
    ("did you mean {name}?", "是不是 {name}？"),
    ("keys that are known here: {keys}", "这里可写的键：{keys}"),
    ("write one of {names}", "可写：{names}"),
    ("write '{unit}'", "写 '{unit}'"),
    ('write level = "{level}" or a lower one', '写 level = "{level}" 或更低的级别'),
    ("shorten the window (a change, a rate and a full window look back three times their length)",
     "缩短窗口（change、rate 和 full 的窗口要回看三倍长度）"),
    ("count another rule", "换一条规则计数"),
    ("count within a wider area", "换更大的范围计数"),
    ("count a rule that does not count this one", "被计数的规则不能反过来计数本规则"),
    ("keep at least one file", "至少留一个文件"),
    ("write it like: river-stage.toml", "写成这样：river-stage.toml"),
    ("a rule is a few lines", "一条规则只有几行"),
    ("write it flatter", "少嵌套几层"),
    ("write it on several lines", "分成几行写"),
    ("make it a file that we may read", "换成本程序读得了的文件"),
    ("save the file as UTF-8", "把文件存成 UTF-8"),
    ('write key = value, texts in "…"', '写成 键 = 值，文字加引号 "…"'),
    ("see the history", "见生效记录"),
    ("say who you are, in up to {n} letters", "写上姓名，不超过 {n} 个字"),
    ("say why, in up to {n} letters", "写上改动说明，不超过 {n} 个字"),
    # sets and trials
    ("no author", "没有写姓名"),
    ("no note", "没有写改动说明"),
    ("there is no rule set {n}", "没有第 {n} 版"),
    ("nothing differs from what is in force", "与现行规则没有差别"),
    ("the draft was made from rule set {base}, by now {now} is in force: look at it, then try again",
     "草稿是照第 {base} 版写的，第 {now} 版已经生效：请核对后再试"),
    ("rule set {id} does not hold together for this version of the program: {why:told}",
     "第 {id} 版不合本程序的格式：{why}"),
    ("more than {n} readings: choose fewer days or divisions", "读数超过 {n} 条：请缩短时间或减少区域"),
    ("{days} days are more than {most}: choose fewer", "{days} 天超过 {most} 天：请缩短时间"),
    ("not done in {s} s: choose fewer days or divisions", "{s} 秒内算不完：请缩短时间或减少区域"),
    ("another trial is under way: try again in a moment", "另一个试算正在进行，请稍候再试"),
    ("begin and end are times with an offset, and begin is the earlier one", "起止时间要带时区，且起在止之前"),
    ("your account may read the rules, and not put any in force",
     "您的账号可以查看规则，但不能发布生效"),
    ("sign in first", "请先登录"),
    ("your account has not the right {right} for the whole city: an administrator can give you a role with it",
     "您的账号没有全市范围的权限 {right}：可请管理员授予相应角色"),
    ("your account has not the right {right} for all of that area: an administrator can give you a role with it",
     "您的账号在该区域内没有权限 {right}：可请管理员授予相应角色"),
    ("your account has not the right {right}: an administrator can give you a role with it",
     "您的账号没有权限 {right}：可请管理员授予相应角色"),
    ("the header {header} is missing or of another session: load the page again", "页面已过期：请重新载入"),
    ("the request comes from a page of another site", "请求来自别的网站，不予受理"),
    ("the body is longer than {n} bytes", "内容超过 {n} 字节"),
    ("the database does not answer; it is tried again by itself", "数据库无应答，正在自动重试"),
    # whom a rule must not judge
    ("the rule is in {unit}, the sensor in {other}: give the rule the sensor's unit",
     "规则的单位是 {unit}，测站的是 {other}：请改用测站的单位"),
    ("levels in datum {datum}, readings in {other}: state both in one datum",
     "测站的特征水位是 {datum} 高程，读数是 {other} 高程：请统一高程基准"),
    ("a fixed threshold names no datum, the sensor reads in {datum}: use the sensor's own levels",
     "固定阈值没有高程基准，测站读数是 {datum} 高程：请用测站自身的特征水位"),
)  # fmt: skip

_PLACE = re.compile(r"(?P<place>[\w.-]+\.toml:\d+: )(?P<rest>.+)", re.DOTALL)
_KEYED = re.compile(r"(?P<key>[a-z_]+(?:\.[a-z_]+)*): (?P<rest>.+)", re.DOTALL)
_GAP = re.compile(r"\{(\w+)(?::(\w+))?\}")


def in_chinese(english: str) -> str | None:
    """What a fault's reason, its remedy or an error says; None where no form of the table fits."""
    return _remedies().get(english) or _by_form(english) or _in_parts(english)


@cache
def _remedies() -> dict[str, str]:
    return dict(REMEDIES.values())


def _by_form(english: str) -> str | None:
    for form in _forms():
        if found := form.english.fullmatch(english):
            words = {name: _SAID[kind](text) for (name, kind), text in zip(form.gaps, found.groups(), strict=True)}
            if None not in words.values():
                return form.chinese.format(**words)
    return None


def _in_parts(english: str) -> str | None:
    """With the place of a fault, the key that it is about, or the remedy behind it."""
    if found := _PLACE.fullmatch(english):
        rest = in_chinese(found["rest"])
        return rest and f"{found['place']}{rest}"
    if found := _KEYED.fullmatch(english):
        rest = _by_form(found["rest"])
        return rest and f"{found['key']} {rest}"
    for at in [found.start() for found in re.finditer("; ", english)]:
        reason, mend = in_chinese(english[:at]), in_chinese(english[at + 2 :])
        if reason and mend:
            return f"{reason}；{mend}"
    return None


@dataclass(frozen=True, kw_only=True)
class _Form:
    """One row of the table, ready to be looked for."""

    english: re.Pattern[str]
    gaps: list[tuple[str, str]]  # name and kind of each group, in order
    chinese: str


@cache
def _forms() -> list[_Form]:
    return [_Form(english=_pattern(english), gaps=_GAP.findall(english), chinese=chinese) for english, chinese in FORMS]


def _pattern(english: str) -> re.Pattern[str]:
    texts = _GAP.sub("\0", english).split("\0")
    return re.compile("(.+?)".join(map(re.escape, texts)), re.DOTALL)


def _types(told: str) -> str:
    return "或".join(_TYPES.get(one.strip(), one.strip()) for one in told.split("|"))


_SAID: dict[str, Callable[[str], str | None]] = {
    "": lambda text: text,
    "told": in_chinese,
    "type": _types,
    "area": lambda text: _AREAS.get(text, text),
    "level": lambda text: _LEVELS.get(text, text),
    "or": lambda text: text.replace(" or ", "、"),
}
