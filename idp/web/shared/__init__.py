"""What every page of every surface shares: language, text size, cookies, CSRF, headers, compression, static files,
rendering.

Enter through ``init_shared`` once an application and ``pages.render`` once a page. Nothing here knows a business
rule. Words: a *page* is HTML for a person; a *machine* response is anything else.
"""
