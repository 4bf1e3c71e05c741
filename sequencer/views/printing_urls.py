"""Addresses of the print queue and of previews."""

from __future__ import annotations

from django.urls import path

from sequencer.views import printing

printing_urls = [
    path("printing/", printing.queue, name="printing"),
    path("printing/live/", printing.queue_live, name="printing-live"),
    path("printing/<int:job_id>/", printing.job, name="print-job"),
    path("printing/<int:job_id>/paper.pdf", printing.job_pdf, name="print-job-pdf"),
    path("printing/<int:job_id>/label.zpl", printing.job_zpl, name="print-job-zpl"),
    path("printing/<int:job_id>/retry/", printing.job_retry, name="print-retry"),
    path("printing/<int:job_id>/settle/", printing.job_settle, name="print-settle"),
    path("printing/<int:job_id>/reprint/", printing.job_reprint, name="print-reprint"),
    path("printing/preview/<slug:kind>/<int:subject_id>/", printing.preview, name="print-preview"),
    path("printing/preview/<slug:kind>/<int:subject_id>/print/", printing.print_it, name="print-it"),
]
