"""A run's report as a Word file (A4, the mark of a drill on every page), for the archive."""

import io
from collections.abc import Sequence
from datetime import UTC

from docx import Document
from docx.document import Document as DocumentFile
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.table import Table as WordTable
from docx.text.paragraph import Paragraph

from dispatch.paper import Paper, Section, Table

_LATIN, _CHINESE = "Calibri", "宋体"
_RED = RGBColor(0xB0, 0x12, 0x1F)
_SIDE_MM = 16
_ROOM_MM = 210 - 2 * _SIDE_MM


def word_file(paper: Paper) -> bytes:
    """The bytes of a .docx."""
    document = Document()
    _page(document, paper)
    _fonts(document)
    document.core_properties.title = paper.title
    document.core_properties.author = document.core_properties.comments = ""
    document.core_properties.created = document.core_properties.modified = paper.drawn_at.astimezone(UTC)
    document.add_heading(paper.title, 0)
    document.add_paragraph(paper.subtitle)
    if paper.mark:
        _marked(document.add_paragraph(), paper.mark)
    _pairs(document, paper)
    for section in paper.sections:
        _section(document, section)
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def _page(document: DocumentFile, paper: Paper) -> None:
    page = document.sections[0]
    page.orientation, page.page_width, page.page_height = WD_ORIENT.PORTRAIT, Mm(210), Mm(297)
    page.left_margin = page.right_margin = Mm(_SIDE_MM)
    page.top_margin = page.bottom_margin = Mm(18)
    if paper.mark:
        _marked(page.header.paragraphs[0], paper.mark)
    foot = page.footer.paragraphs[0]
    foot.add_run(f"{paper.foot} · ").font.size = Pt(8)
    _number(foot)


def _marked(paragraph: Paragraph, mark: str) -> None:
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = paragraph.add_run(f"【{mark}】")
    run.bold, run.font.color.rgb, run.font.size = True, _RED, Pt(14)


def _number(paragraph: Paragraph) -> None:
    """The page's number, which Word fills in."""
    run = paragraph.add_run()
    run.font.size = Pt(8)
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(qn("w:fldCharType"), kind)
        else:
            part.text = text
        run._r.append(part)


def _fonts(document: DocumentFile) -> None:
    """One for Latin letters, one for Chinese: what a style does not name, Word guesses."""
    for name, size in (("Normal", 10), ("Title", 20), ("Heading 2", 14)):
        style = document.styles[name]
        assert isinstance(style, ParagraphStyle)
        style.font.name, style.font.size, style.font.color.rgb = _LATIN, Pt(size), RGBColor(0, 0, 0)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:eastAsia"), _CHINESE)


def _pairs(document: DocumentFile, paper: Paper) -> None:
    facts = tuple((what, value) for what, value in paper.facts)
    figures = tuple((what, " · ".join(part for part in (much, of) if part)) for what, much, of in paper.tallies)
    for rows in (facts, figures):
        table = _made(document, len(rows), 2)
        for row, cells in zip(table.rows, rows, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                _write(cell.paragraphs[0], text)
            row.cells[0].paragraphs[0].runs[0].bold = True
        _widths(table, (38, 140))
        document.add_paragraph()


def _section(document: DocumentFile, section: Section) -> None:
    document.add_heading(section.heading, 2)
    for note in section.notes:
        document.add_paragraph(note)
    if section.table is None or not section.table.rows:
        document.add_paragraph(section.empty)
        return
    _table(document, section.table)


def _table(document: DocumentFile, told: Table) -> None:
    table = _made(document, len(told.rows) + 1, len(told.head))
    for row, cells in zip(table.rows, (told.head, *told.rows), strict=True):
        for place, (cell, text) in enumerate(zip(row.cells, cells, strict=True)):
            _write(cell.paragraphs[0], text, right=place in told.numbers)
    for cell in table.rows[0].cells:
        for run in cell.paragraphs[0].runs:
            run.bold = True
    _again_on_each_page(table)
    _widths(table, [share * _ROOM_MM for share in told.shares()])


def _made(document: DocumentFile, rows: int, columns: int) -> WordTable:
    table: WordTable = document.add_table(rows, columns, "Table Grid")
    table.autofit = False
    return table


def _again_on_each_page(table: WordTable) -> None:
    for place, row in enumerate(table.rows):
        properties = row._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if place == 0:
            properties.append(OxmlElement("w:tblHeader"))


def _write(paragraph: Paragraph, text: str, *, right: bool = False) -> None:
    run = paragraph.add_run(_plain(text))
    run.font.size = Pt(9)
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _plain(text: str) -> str:
    """Without what XML cannot hold, and without soft hyphens, which Word shows."""
    return "".join(char for char in text if char != "\xad" and (char >= " " or char in "\t\n"))


def _widths(table: WordTable, shares: Sequence[float]) -> None:
    for row in table.rows:
        for cell, share in zip(row.cells, shares, strict=True):
            cell.width = Mm(share)
