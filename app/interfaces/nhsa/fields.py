"""Fields (字段表): the official table of the national interface, for its OpenAPI document and its tests.

Names and lengths are those that public clients agree on. A length counts bytes in GBK; blank: not told.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Field(NamedTuple):
    title: str
    length: str = ""
    is_required: bool = False
    note: str = ""


def _fields(table: str) -> Mapping[str, Field]:
    """One field a line: name, Chinese name, length, Y where required, note."""
    rows = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    return {row[0]: Field(row[1], row[2], row[3] == "Y", row[4] if len(row) > 4 else "") for row in rows}


ENVELOPE = _fields("""
infno | 交易编号 | 4 | Y | 3101、3102、3103；也接受 3301、3660（同3101）、3661（同3102）
msgid | 发送方报文ID | 30 | Y
mdtrtarea_admvs | 就医地医保区划 | 6 | Y
insuplc_admdvs | 参保地医保区划 | 6 |
recer_sys_code | 接收方系统代码 | 10 | Y
dev_no | 设备编号 | 100 |
dev_safe_info | 设备安全信息 | 2000 |
cainfo | 数字签名信息 | 1024 |
signtype | 签名类型 | 10 |
infver | 接口版本号 | 6 | Y
opter_type | 经办人类别 | 3 | Y
opter | 经办人 | 30 | Y | 反馈时记为处理人
opter_name | 经办人姓名 | 50 | Y
inf_time | 交易时间 | 19 | Y
fixmedins_code | 定点医药机构编号 | 12 | Y | 决定采用哪一份接口方配置
medins_code | 定点医药机构编号（个别厂商） | 12 | | 没有 fixmedins_code 时采用
fixmedins_name | 定点医药机构名称 | 20 | Y
sign_no | 签到流水号 | 30 |
input | 交易输入 | 40000 | Y
""")

INPUT = _fields("""
data | 交易内容 | | Y
trigScen | 交易内容（海南 3660、3661，键名为驼峰式） | |
patient_dtos | 参保人信息集合（平铺形式） | |
fsi_encounter_dtos | 就诊信息集合（平铺形式） | |
fsi_diagnose_dtos | 诊断信息集合（平铺形式） | |
fsi_order_dtos | 处方（医嘱）信息集合（平铺形式） | |
fsi_operation_dtos | 手术操作集合（平铺形式） | |
warns | 反馈集合（平铺形式） | |
""")

DATA = _fields("""
syscode | 系统编码 | 10 | Y
patient_dtos | 参保人信息集合 | | Y
rule_ids | 规则标识集合 | | | 其中有本系统的规则时只返回这些规则的结果，否则忽略
task_id | 任务ID | | | 在每条结果中原样返回；为空时由本系统生成
trig_scen | 触发场景 | 3 | | 1-5 事前，6-10 事中
warn_type | 反馈类型 | 3 | | 1 事前，2 事中
warns | 反馈集合 | |
""")

PERSON = _fields("""
patn_id | 参保人标识 | 50 | Y
patn_name | 参保人姓名 | 50 | Y
gend | 性别 | 3 | Y | 1 男，2 女
brdy | 出生日期 | | Y
poolarea | 统筹区编码 | 10 | Y
curr_mdtrt_id | 当前就诊标识 | 50 | Y | 与之相同的一次就诊受审核，其余为既往就诊
fsi_encounter_dtos | 就诊信息集合 | | Y
fsi_his_data_dto | 医院信息集合 | |
""")

VISIT = _fields("""
mdtrt_id | 就诊标识 | 50 | Y
medins_id | 医疗服务机构标识 | 50 | Y
medins_name | 医疗机构名称 | 200 | Y
medins_admdvs | 医疗机构行政区划 | 6 | Y
medins_type | 医疗机构类型 | 3 | Y
medins_lv | 医疗机构等级 | 3 | Y | 各厂商字典不一，由配置 facility_level 指定
wardarea_codg | 病区标识 | 20 |
wardno | 病房号 | 20 |
bedno | 病床号 | 20 |
adm_date | 入院日期 | | Y
dscg_date | 出院日期 | | Y | 空、9999 年、与入院时间相同的住院视为在院
dscg_main_dise_codg | 主诊断编码 | 20 | Y
dscg_main_dise_name | 主诊断名称 | 50 | Y
fsi_diagnose_dtos | 诊断信息集合 | | Y
dr_codg | 医师标识 | 20 | Y
adm_dept_codg | 入院科室标识 | 20 | Y
adm_dept_name | 入院科室名称 | 50 | Y
dscg_dept_codg | 出院科室标识 | 20 | Y
dscg_dept_name | 出院科室名称 | 50 | Y
med_mdtrt_type | 就诊类型 | 3 | Y | 各厂商字典不一，由配置 visit_type 指定
med_type | 医疗类别 | 3 | Y
fsi_order_dtos | 处方（医嘱）信息集合 | | Y
matn_stas | 生育状态 | 3 | Y | 各厂商字典相反，由配置 pregnancy 指定；没有指定时视为未知
medfee_sumamt | 总费用 | 16,2 | Y
ownpay_amt | 自费金额 | 16,2 | Y
selfpay_amt | 自付金额 | 16,2 | Y
acct_payamt | 个人账户支付金额 | 16,2 |
ma_amt | 救助金支付金额 | 16,2 |
hifp_payamt | 统筹金支付金额 | 16,2 |
setl_totlnum | 结算总次数 | 4 | Y
insutype | 险种 | 3 | Y
reim_flag | 报销标志 | 3 | Y
out_setl_flag | 异地结算标志 | 3 | Y | 各厂商字典不一，由配置 out_of_area 指定
fsi_operation_dtos | 手术操作集合 | |
fsi_encounter_dtos | 手术操作集合（个别厂商误用的键名） | |
""")

DIAGNOSIS = _fields("""
dise_id | 诊断标识 | 50 | Y
inout_dise_type | 出入院诊断类别 | 3 | Y | 1 入院，2 出院
maindise_flag | 主诊断标志 | 3 | Y | 1 是，0 否；或主诊断的编码
dias_srt_no | 诊断排序号 | 2 | Y
dise_codg | 诊断编码 | 30 | Y
dise_name | 诊断名称 | 200 | Y
dise_date | 诊断日期 | | Y
""")

ORDER = _fields("""
rx_id | 处方（医嘱）标识 | 50 | Y | 可以重复；在结果明细中原样返回
rxno | 处方号 | 20 | Y
grpno | 组编号 | 20 |
long_drord_flag | 长期医嘱标志 | 3 | Y
hilist_type | 目录类别 | 3 | Y
chrg_type | 收费类别 | 3 | Y
drord_bhvr | 医嘱行为 | 3 | Y | 1 出院带药
hilist_code | 医保目录代码 | 50 | Y
hilist_name | 医保目录名称 | 50 | Y
hilist_dosform | 医保目录剂型 | 50 |
hilist_lv | 医保目录等级 | 3 | Y
hilist_pric | 医保目录价格 | 16,2 | Y
lv1_hosp_item_pric | 一级医院目录价格 | 16,2 |
lv2_hosp_item_pric | 二级医院目录价格 | 16,2 |
lv3_hosp_item_pric | 三级医院目录价格 | 16,2 |
hilist_memo | 医保目录备注 | 200 |
hosplist_code | 医院目录代码 | 20 | Y
hosplist_name | 医院目录名称 | 50 | Y
hosplist_dosform | 医院目录剂型 | 20 |
cnt | 数量 | 6,2 | Y
pric | 单价 | 16,2 | Y
sumamt | 总费用 | 16,2 | Y
ownpay_amt | 自费金额 | 16,2 | Y
selfpay_amt | 自付金额 | 16,2 | Y
spec | 规格 | 100 | Y
spec_unt | 数量单位 | 20 | Y
drord_begn_date | 医嘱开始日期 | | Y
drord_stop_date | 医嘱停止日期 | |
drord_dept_codg | 下达医嘱的科室标识 | 30 | Y
drord_dept_name | 下达医嘱的科室名称 | 50 | Y
drord_dr_codg | 开处方（医嘱）医生标识 | 30 | Y
drord_dr_name | 开处方（医嘱）医生姓名 | 50 | Y
drord_dr_profttl | 开处方（医嘱）医生职称 | 3 | Y
curr_drord_flag | 是否当前处方（医嘱） | 3 | Y | 没有一条为 1 时，全部视为当前
""")

OPERATION = _fields("""
setl_list_oprn_id | 手术操作ID | 30 | Y
oprn_code | 手术操作代码 | 30 |
oprn_name | 手术操作名称 | 500 |
main_oprn_flag | 主手术标志 | 3 | Y
oprn_date | 手术操作日期 | |
anst_way | 麻醉方式 | 30 |
oper_dr_name | 术者医师姓名 | 50 |
oper_dr_code | 术者医师代码 | 30 |
anst_dr_name | 麻醉医师姓名 | 50 |
anst_dr_code | 麻醉医师代码 | 30 |
""")

WARN = _fields("""
warn_rslt_id | 违规标识，即结果中的 jr_id | 50 | Y
dspo_way | 处理方式 | 3 | Y | 1 继续执行，2 返回修改
dspo_way_rea | 处理原因 | 500 | | 继续执行时应填写
""")

ANSWER = _fields("""
infcode | 交易状态码 | 4 | Y | 0 成功，-1 失败；配置 infcode_as_text 时为文本
inf_refmsgid | 接收方报文ID | 30 | Y | 日志中以此编号记录
refmsg_time | 接收报文时间 | 17 |
respond_time | 响应报文时间 | 17 |
enctype | 加密方式 | 10 |
signtype | 签名类型 | 10 |
err_msg | 错误信息 | 200 | | 成功时为空
warn_msg | 警告信息 | 200 |
cainfo | 数字签名信息 | 1024 |
output | 交易输出 | | Y
url | 弹窗页地址 | | | 配置 popup_base 时提供
url2 | 查询弹窗处理结果的地址 | | | 配置 popup_base 时提供
""")

VIOLATION = _fields("""
jr_id | 违规标识 | 50 | Y | 同一明细、同一事实、同一规则的标识不变
rule_id | 规则ID | 50 | Y
rule_name | 规则名称 | 200 | Y
vola_cont | 违规内容 | 500 | Y
patn_id | 参保人标识 | 50 | Y
mdtrt_id | 就诊标识 | 50 |
judge_result_detail_dtos | 违规明细集合 | | Y
vola_amt | 违规金额 | 16,2 | Y
vola_amt_stas | 违规金额计算状态 | 3 | Y | 1 正常，0 无法计算
sev_deg | 严重程度 | 3 | Y | 1 明确违规，2 高度可疑，3 轻度可疑
vola_evid | 违规依据 | 500 |
vola_bhvr_type | 违规行为分类 | 3 | Y
task_id | 任务ID | 64 |
""")

DETAIL = _fields("""
jrd_id | 违规明细标识 | 50 | Y
patn_id | 参保人标识 | 50 | Y
mdtrt_id | 就诊标识 | 50 |
rx_id | 处方（医嘱）标识 | 50 |
vola_item_type | 违规项目类型 | 3 | Y | 1 违规项，2 涉及项
vola_amt | 违规金额 | 16,2 | Y
""")

OUTCOME = _fields("""
warn_rslt_id | 违规标识 | 50 | Y
status | 反馈结果 | 16 | Y | recorded 已记录，repeated 重复，changed 与先前不同，unknown_finding 标识未知
""")
