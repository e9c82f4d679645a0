"""Plans from a workbook: every row to its plan, and what of it cannot be read, by sheet and row."""

from alerts.plan_bodies import canonical
from alerts.plan_cells import NOTHING, TRUE, Book, Key, Row, cell_text
from alerts.plan_files_in import MOST, Read, day_of, doubled
from alerts.plan_files_out import FilePlan
from alerts.plan_sheet_parts import PARTS
from alerts.plan_sheets import GONE, PLAN, SHEETS, SheetForm
from config.errors import SheetRefused
from config.sheets import Sheet, read_sheets


def read_workbook(name: str, raw: bytes) -> Read:
    """The plans of an .xlsx file; what cannot be read is among the faults. Raises SheetRefused for no sound file."""
    book = Book()
    sheets = {sheet.name.strip(): sheet for sheet in read_sheets(name, raw)}
    forms = [(form, sheets.get(form.zh) or sheets.get(form.name)) for form in SHEETS]
    if forms[0][1] is None:
        raise SheetRefused(
            f"{name} has no sheet {PLAN.zh}: begin with our form", f"{name} 没有“{PLAN.zh}”表，请用本系统的表样填写。"
        )
    for form, sheet in forms:
        if sheet is not None:
            _read_sheet(book, form, sheet)
    if len(book.plans) > MOST:
        raise SheetRefused(f"more than {MOST} plans: split it", f"超过 {MOST} 个预案，请拆分。")
    plans = [_plan(book, key, number, row) for key, (number, row) in book.plans.items()]
    return Read(plans=plans, faults=book.faults + doubled(plans))


def _read_sheet(book: Book, form: SheetForm, sheet: Sheet) -> None:
    heads = [form.column(str(cell)) if cell is not None else None for cell in sheet.rows[0][1]]
    for number, cells in sheet.rows[1:]:
        row = {
            head: cell_text(book, form, number, cell)
            for head, cell in zip(heads, cells, strict=False)
            if head is not None and cell not in (None, "")
        }
        if not any(row.values()):
            continue
        if form is PLAN:
            _own_row(book, number, row)
        elif (key := _key(book, form, number, row)) is not None:
            book.rows[form.name].setdefault(key, []).append((number, row))


def _own_row(book: Book, number: int, row: Row) -> None:
    code = row.get("plan", "").strip()
    if not code:
        book.refuse(PLAN, number, "缺少预案编号", "it has no code")
        return
    key = (code, row.get("division", "").strip())
    if key in book.plans:
        book.refuse(PLAN, number, f"{code} 出现两次", f"{code} is there twice")
    book.plans.setdefault(key, (number, row))


def _key(book: Book, form: SheetForm, number: int, row: Row) -> Key | None:
    """Which plan a row belongs to: the one named, or the only one."""
    code, division = row.get("plan", "").strip(), row.get("division", "").strip()
    found = [key for key in book.plans if code in ("", key[0]) and division in ("", key[1])]
    if code and (code, division) in book.plans:
        return code, division
    if len(found) == 1:
        return found[0]
    book.refuse(
        form, number,
        f"“{PLAN.zh}”表中没有预案 {code or '（未填编号）'}" if not found else "有多个预案，请填写预案编号和区划代码",
        f"sheet {PLAN.zh} has no plan {code or '(no code)'}" if not found else "several plans: give code and division",
    )  # fmt: skip
    return None


def _plan(book: Book, key: Key, number: int, row: Row) -> FilePlan:
    body: dict[str, object] = {}
    if "name" in row:
        body["name"] = None if row["name"] == GONE else row["name"]
    for name, made in PARTS.items():
        value = made(book, key, number, row)
        if value is not NOTHING:
            body[name] = value
    revise_by = None
    try:
        revise_by = day_of(row.get("revise_by", ""))
    except ValueError:
        book.refuse(PLAN, number, "修订期限应写成 2029-11-26", "the day of revision is written as 2029-11-26")
    return FilePlan(
        code=key[0], division=key[1], template=row.get("template", "").strip(),
        is_template=row.get("is_template", "").strip().lower() in TRUE, revise_by=revise_by,
        note=row.get("note", "").strip(), body=canonical(body), where=f"{PLAN.zh}!{number}",
    )  # fmt: skip
