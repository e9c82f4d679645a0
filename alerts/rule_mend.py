"""What to write instead, by the key that is at fault in a rule file; in English and in Chinese."""

from alerts.levels import GRADES

_GRADE = "{value = 0.0, strict = true}", '{from = "warning", offset = -0.5}'

# key → English, Chinese; in both what stands after the colon is what a file has.
REMEDIES: dict[str, tuple[str, str]] = {
    "id": (
        'write the file\'s own name without .toml, small letters, digits and hyphens: id = "river-stage"',
        '写文件名去掉 .toml，用小写字母、数字和连字符：id = "river-stage"',
    ),
    "number": (
        "write the rule's number in the list of default rules, from 1: number = 6",
        "写默认规则清单里的编号，从 1 起：number = 6",
    ),
    "kind": (
        'write kind = "threshold", or event, condition, count, silence, stuck, step, warning',
        '写 kind = "threshold"，或 event、condition、count、silence、stuck、step、warning',
    ),
    "label": ('write label = {zh = "…", en = "…"}', '写 label = {zh = "…", en = "…"}'),
    "first_action": ('write first_action = {zh = "…", en = "…"}', '写 first_action = {zh = "…", en = "…"}'),
    "zh": ("write the words in Chinese", "写中文"),
    "en": ("write the words in English", "写英文"),
    "family": (
        'write what one incident is made of: family = "flood"; left out, it is the quantity',
        '写同一事件归哪一类：family = "flood"；不写则按观测量',
    ),
    "lateness_s": (
        "write how many seconds late a reading may come and still be judged, up to 86400: lateness_s = 120",
        "写读数最多迟到多少秒仍参与判断，不超过 86400：lateness_s = 120",
    ),
    "reopen_s": (
        "write within how many seconds of its end an alert is opened again: reopen_s = 1800",
        "写解除后多少秒内再次触发算重新打开：reopen_s = 1800",
    ),
    "quantity": (
        'write the quantity that sensors are registered with: quantity = "stage"',
        '写测站登记的观测量：quantity = "stage"',
    ),
    "unit": ('write the unit that readings are stored in: unit = "m"', '写读数入库的单位：unit = "m"'),
    "units": (
        'write every quantity that is looked at with its unit: units = {rain = "mm", stage = "m"}',
        '写出用到的每个观测量及其单位：units = {rain = "mm", stage = "m"}',
    ),
    "direction": (
        'write direction = "above" or direction = "below", or "between" for levels with low and high',
        '写 direction = "above" 或 direction = "below"；级别写 low 和 high 的，写 "between"',
    ),
    "raise_after": (
        "write how many samples in a row raise it, at least 1: raise_after = 2",
        "写连续几次满足才触发，至少 1：raise_after = 2",
    ),
    "hold_s": (
        "write for how many seconds it must last before it is raised, at least 0: hold_s = 1800",
        "写持续多少秒才触发，不小于 0：hold_s = 1800",
    ),
    "margin": (
        "write either margin (in the rule's unit) or margin_fraction, at least 0: margin = 0.2",
        "margin（与规则同单位）和 margin_fraction 写一个，不小于 0：margin = 0.2",
    ),
    "margin_fraction": (
        "write either margin or margin_fraction, 0 up to 1: margin_fraction = 0.1",
        "margin 和 margin_fraction 写一个，0 至 1 之间：margin_fraction = 0.1",
    ),
    "clear_for_s": (
        "write how many seconds the value must stay clear, at least 0: clear_for_s = 1800",
        "写回落后保持多少秒才解除，不小于 0：clear_for_s = 1800",
    ),
    "levels": (
        "write at least one of blue, yellow, orange, red under [levels], each no milder than the one before",
        "在 [levels] 下至少写 blue、yellow、orange、red 之一，后一级不得比前一级宽松",
    ),
    **{
        grade: (
            f"write a number, {_GRADE[0]} or {_GRADE[1]}: {grade} = 3.0",
            f"写一个数、{_GRADE[0]} 或 {_GRADE[1]}：{grade} = 3.0",
        )
        for grade in GRADES
    },
    "from": ('write which level of the sensor it is: from = "warning"', '写测站自身的哪个特征值：from = "warning"'),
    "value": ("write a number: value = 19.5", "写一个数：value = 19.5"),
    "offset": ("write a number in the rule's unit: offset = -0.5", "写一个与规则同单位的数：offset = -0.5"),
    "strict": (
        "write strict = true where the threshold itself does not count yet",
        "阈值本身不算时写 strict = true",
    ),
    "low": (
        "write where the band begins, under high: {low = 5.0, high = 10.0}",
        "写区间的下限，要小于 high：{low = 5.0, high = 10.0}",
    ),
    "high": (
        "write where the band ends, which does not belong to it: {low = 5.0, high = 10.0}",
        "写区间的上限，上限本身不算在内：{low = 5.0, high = 10.0}",
    ),
    "measure": ('write measure = {of = "sum", over_h = 3}', '写 measure = {of = "sum", over_h = 3}'),
    "of": (
        'write of = "value", or sum, mean, min, max, range, count, change, rate, days with a window: over_h = 3; '
        'in a count, the id of the rule that is counted: of = "water-depth"',
        '写 of = "value"；带窗口的写 sum、mean、min、max、range、count、change、rate 或 days，并写 over_h = 3；'
        '计数规则写被计数规则的 id：of = "water-depth"',
    ),
    **{
        f"over_{letter}": (
            f"write one length of the window, in {en}, at most 400 days: over_{letter} = {size}",
            f"窗口长度只写一个，单位{zh}，不超过 400 天：over_{letter} = {size}",
        )
        for letter, en, zh, size in (("s", "seconds", "秒", 600), ("h", "hours", "小时", 3), ("d", "days", "天", 1))
    },
    **{
        f"ago_{letter}": (
            f"write how many {en} before the reading the window ends, at most 400 days: ago_{letter} = {size}",
            f"写窗口在读数之前多少{zh}结束，不超过 400 天：ago_{letter} = {size}",
        )
        for letter, en, zh, size in (("s", "seconds", "秒", 600), ("h", "hours", "小时", 3), ("d", "days", "天", 3))
    },
    "full": (
        "write full = true where a sum, mean, min, max, range or count needs readings back to its beginning",
        "sum、mean、min、max、range、count 要窗口从头有读数才算时写 full = true",
    ),
    "abs": (
        "write abs = true for a value, change or rate whose sign does not matter",
        "value、change、rate 不论正负时写 abs = true",
    ),
    "per": ('write per = "h" or per = "d" with of = "rate"', 'of = "rate" 时写 per = "h" 或 per = "d"'),
    "at_least": (
        "write a number: readings or subjects, or with days the value that each day reaches",
        "写一个数：读数或对象的个数；of 为 days 时写每天要达到的值",
    ),
    "at_most": ('write a number, with of = "days": at_most = 0.0', 'of = "days" 时写一个数：at_most = 0.0'),
    "level": (
        'write level = "blue", "yellow", "orange" or "red"',
        '写 level = "blue"、"yellow"、"orange" 或 "red"',
    ),
    "all": ("write a list of conditions, all = [{…}, {…}]", "写一组条件：all = [{…}, {…}]"),
    "any": ("write a list of conditions, any = [{…}, {…}]", "写一组条件：any = [{…}, {…}]"),
    "not": ("write one condition, not = {…}", "写一个条件：not = {…}"),
    "above": (
        "write one of above, below, or low and high: above = 5.0",
        "above、below、low 与 high 三者写其一：above = 5.0",
    ),
    "below": (
        "write one of above, below, or low and high: below = 5.0",
        "above、below、low 与 high 三者写其一：below = 5.0",
    ),
    "during": (
        'write during = {months = [5, 9], hours = ["20:00", "06:00"]}, one of them or both',
        '写 during = {months = [5, 9], hours = ["20:00", "06:00"]}，可只写其一',
    ),
    "months": (
        "write the first and the last month, 1 to 12: months = [5, 9]",
        "写起止月份，1 至 12：months = [5, 9]",
    ),
    "hours": (
        'write from and to on a 24 h clock: hours = ["20:00", "06:00"]',
        '写起止时刻，24 小时制：hours = ["20:00", "06:00"]',
    ),
    "warning": (
        'write the type of the official warning, and a level: {warning = "11B37", level = "orange"}',
        '写官方预警的类型代码和级别：{warning = "11B37", level = "orange"}',
    ),
    "expression": (
        'write names of quantities and of terms, numbers, + - * / ** ( ) min max abs: expression = "stage - 2 * rain"',
        '写观测量和 terms 的名字、数、+ - * / ** ( ) min max abs：expression = "stage - 2 * rain"',
    ),
    "terms": (
        'write the figures that the expression names: terms = [{name = "before", of = "sum", over_d = 15, ago_d = 3}]',
        '写算式里用到的窗口量：terms = [{name = "before", of = "sum", over_d = 15, ago_d = 3}]',
    ),
    "name": (
        'write a name of its own in small letters that the expression uses: name = "before"',
        '起一个不重复、算式里用到的小写名字：name = "before"',
    ),
    "max_age_s": (
        "write how many seconds old the other sensors' readings may be: max_age_s = 3600",
        "写同一设备其他读数最多可用多少秒前的：max_age_s = 3600",
    ),
    "fraction": ("write a share over 0 and up to 1: fraction = 0.5", "写大于 0、不超过 1 的比例：fraction = 0.5"),
    "within": (
        'write within = "grid", "township", "radius_m" or "touching"',
        '写 within = "grid"、"township"、"radius_m" 或 "touching"',
    ),
    "radius_m": (
        'write metres, with within = "radius_m": radius_m = 500',
        'within = "radius_m" 时写米数：radius_m = 500',
    ),
    "intervals": (
        "write how many of a sensor's intervals may pass, at least 1: intervals = 3",
        "写可以错过几个上报间隔，至少 1：intervals = 3",
    ),
    "quantities": (
        'write quantities of config/quantities.toml: quantities = ["stage"]; left out: all',
        '写 config/quantities.toml 里的观测量：quantities = ["stage"]；不写则全部',
    ),
    "subjects": (
        'write subjects = ["sensor", "gateway"] or one of them',
        '写 subjects = ["sensor", "gateway"]，可只写其一',
    ),
    "tolerance": (
        "write how far readings of a stuck sensor may lie apart, at least 0: tolerance = 0.0",
        "写读数变动不超过多少算不变，不小于 0：tolerance = 0.0",
    ),
    "resting": (
        "write the value at which standing still is natural: resting = 0.0",
        "写停在哪个值属正常：resting = 0.0",
    ),
    "limit": (
        "write how far a reading may be from the one before, over 0: limit = 2.0",
        "写与上一读数最多相差多少，大于 0：limit = 2.0",
    ),
    "within_s": (
        "write how many seconds old the reading before may be: within_s = 3600",
        "写上一读数最多可以是多少秒前的：within_s = 3600",
    ),
    "event": (
        'write the event type code of the official warning: event = "11B37"',
        '写官方预警的事件类型代码：event = "11B37"',
    ),
    "override": (
        "write [[override]] with sensors or divisions and what is other there: enabled = false",
        "写 [[override]]，指明 sensors 或 divisions，以及那里有何不同：enabled = false",
    ),
    "sensors": ('write names of sensors: sensors = ["cuntan-stage"]', '写测站名：sensors = ["cuntan-stage"]'),
    "divisions": (
        'write division codes of 2 to 17 digits: divisions = ["500114005"]',
        '写 2 至 17 位的区划代码：divisions = ["500114005"]',
    ),
    "enabled": (
        "write enabled = false where the rule is not to be judged",
        "不判时写 enabled = false",
    ),
}

MEND: dict[str, str] = {key: english for key, (english, _) in REMEDIES.items()}
