"""Headings (列标题): the names under which the same thing stands in lists of different publishers."""

import re

from app.knowledge.imports.cells import fold

_ITEM = (
    "(国标|国家|国家医保|医保|医保目录|医保药品|医保耗材|药品|项目|诊疗|诊疗项目|饮片|中药饮片|耗材|医用耗材|医疗服务项目|目录"
    "|主项|主项目|项目a|a项目|药品a|药品1|中药饮片1|饮片1)"
)
_OTHER = "(从项|从项目|项目b|b项目|被包含项目|药品b|药品2|中药饮片2|饮片2)"
_HEADINGS = (  # the first that matches a heading tells its column; after folding, so without blanks and width
    ("code", f"{_ITEM}?(统一|分类)?(代码|编码|code)|{_ITEM}(国标|国家)(代码|编码)"),
    ("name", f"{_ITEM}?(通用)?(名称|名)|通用名称?|药品通用名(称)?|商品名称"),
    ("other_code", f"{_OTHER}(国标|国家)?(代码|编码)"),
    ("other_name", f"{_OTHER}(通用)?(名称|名)"),
    ("panel_code", "子项(目)?(代码|编码)"),
    ("panel_name", "子项(目)?名称"),
    ("part_code", "分项(目)?(代码|编码)"),
    ("part_name", "分项(目)?名称"),
    ("companion_code", "(关联|伴随|必需)(项目|项)?(代码|编码)"),
    ("companion_name", "(关联|伴随|必需)(项目|项)?名称"),
    ("smaller_code", "小项(目)?(代码|编码)"),
    ("smaller_name", "小项(目)?名称"),
    ("surcharge", "加收限制"),
    ("group", "(手术组|主次组别|手术组别|限定主次操作)"),
    ("rate", "(主次折率|折率|折价比例|收费比例)"),
    ("sex", "(限定性别(对象)?|性别限制|性别限定|适用性别|性别)"),
    ("age", "(限定年龄(对象)?|年龄限制|年龄限定|适用年龄|儿童禁用年龄(阈值)?|禁用年龄(阈值)?|年龄)"),
    ("level", "((限定)?(医疗)?机构(等级|级别)(限制|限定)?|机构限制|医院等级)"),
    ("insurance", "(限定)?(险种|保险类型)(限制|类型|限定)?"),
    ("care", "(限定)?就医(方式|类型)?(限制|限定)?|就诊类型限制"),
    ("department", "(限定)?(科室|专科)(限制|限定|名称)?"),
    ("disease", "疾病限制|限定疾病|限定病种|限定适应症|适应症|禁忌症"),
    ("disease_code", "(疾病|诊断|icd-?10|病种|疾病诊断)(代码|编码|码)"),
    ("window", "频度|单位时间|时间区间|时间单位|时间范围"),
    ("limit", "(限制|限定|上限|最大|最高)(单次)?(数量|频次|次数|用量)|(数量|频次|次数)上限|上限|最大开药天数|限定天数"),
    ("unit", "(数量|计价|计量)?单位"),
    ("period", "(疗程)?周期(天数|\\(天\\))?|间隔(天数|时间)|疗程周期"),
    ("frequency", "频次限制"),
    ("quantity", "数量限制"),
    ("course", "疗程限制|限定疗程|支付疗程"),
    ("total", "总额限制|限定总额|报销总额"),
    ("line_of_use", "阶梯限制"),
    ("dose", "极量限制"),
    ("price", "(最高)?(限价|价格上限)|最高(价|单价|价格)|限定单价"),
    ("drug_class", "药品分类|药理分类|药物类别"),
    ("kind", "限定类型"),
    ("value", "限定(对象|值域|内容|值)"),
    ("change", "变更类型|调整类型|变动情况|变更情况"),
    (
        "note",
        "(药品|项目|耗材|饮片)?说明|备注|(检出)?逻辑依据|依据|限定支付范围|医保支付限定|支付限定|限制使用范围|目录备注",
    ),
    ("logic", "检出逻辑|规则逻辑"),
    ("mark", "来源标识"),
    ("field", "领域标识"),
    ("number", "序号|编号|知识点编号|no"),
)
_PATTERNS = tuple((role, re.compile(pattern)) for role, pattern in _HEADINGS)


def role_of(heading: str) -> str:
    """What a column with this heading holds; "" where the heading is not known."""
    folded = re.sub(r"\((必填|选填|文本|元|岁)\)$", "", fold(heading)).strip("*:")
    return next((role for role, pattern in _PATTERNS if pattern.fullmatch(folded)), "")
