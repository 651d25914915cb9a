"""Pages from results: one self-contained HTML file for each report, and the ledger of all."""

from mlplab.pages.ledger import write_index
from mlplab.pages.page import page_html, write_page
from mlplab.pages.pictures import remembered_pictures
from mlplab.pages.prose import render_markdown
from mlplab.pages.report import Report, ReportTable, Section
from mlplab.pages.summary import Summary

__all__ = [
    "Report",
    "ReportTable",
    "Section",
    "Summary",
    "page_html",
    "remembered_pictures",
    "render_markdown",
    "write_index",
    "write_page",
]
