"""What each page shows, as frozen values: one dataclass per page, its template, and samples that tests render.

Routes build these; `idp.web.templating.Pages` renders them. Nothing here reads a request or a database.
"""
