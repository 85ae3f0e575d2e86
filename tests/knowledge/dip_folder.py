"""A DIP catalogue folder on disk, for tests: a good one, with files of it changed."""

GOOD = {
    "catalogue.yaml": (
        'id: test\nname: 测试目录\nregion: 测试\nedition: "3.0"\nstart: "2026-01-01"\nsource: 测试\nstatus: in_force\n'
    ),
    "params.csv": "key,value\npricing.point_value,9\n",
    "groups.csv": (
        "layer,code,name,dx_patterns,main_op,related_op,other_dx,age_days_min,age_days_max,weight_min,weight_max,"
        "condition,kind,score,mean_cost,grassroots\n"
        "priority,AI1,超低出生体重儿,P07,,,,,28,,749,,,,,\n"
        "dxaux,Z51.1,化疗,Z51.1,99.25,,C00-C75|C91-C95,,,,,,treatment,400,,\n"
        "basic,K35.9-O,阑尾切除术,K35.9,47.0901|47.0900,54.1100,,,,,,,,1000,9173,是\n"
        "基本,K35.9,保守治疗,K35.9,,,,,,,,,,446.9,4099,\n"
        "comprehensive,C54-S,相关手术组,C54,,,,,,,,days>=2,相关手术,,,\n"
    ),
    "aux.csv": "kind,code,condition,coefficient\nage,K35.9,age>=65,1.12\nicu,*,icu_days=2..7,1.3\n",
    "op_exclusion.csv": "code,rule,range\n00.2400,not_main,\n99.2500,main_only_in,C00-C97|Z51\n",
    "dx_exclusion.csv": "code\nB95-B97\nZ37\n",
    "hospital_coef.csv": "hospital,level,group,insurance_type,value\n,tertiary,*,,1.05\nH1,,K35.9,employee,1.1\n",
    "operations.csv": "code,kind,level,incision\n47.0901,手术,3,1类\n89.5*,conservative,,\n",
    "dx_lists.csv": "list,item,dx_patterns,points\nfailure,,R57|J96.0,\ncci,心衰,I50,1\n",
}


def write(folder, **changes):
    """The good folder with files replaced; None leaves one out. Names are given as `groups_csv`."""
    content = GOOD | {name.replace("_csv", ".csv").replace("_yaml", ".yaml").replace("_json", ".json"): text
                      for name, text in changes.items()}  # fmt: skip
    for name, text in content.items():
        if text is not None:
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def with_cell(name, row, column, value):
    """The good file with one cell changed; row 2 is the first below the header."""
    lines = [line.split(",") for line in GOOD[name].splitlines()]
    lines[row - 1][lines[0].index(column)] = value
    return "\n".join(",".join(cells) for cells in lines) + "\n"
