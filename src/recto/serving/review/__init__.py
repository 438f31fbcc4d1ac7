"""Review pages: what people see of `recto serve`: queue, documents, dashboard, Releases, uploads.

Pages are Jinja templates, htmx and a few small ES modules, all from here: nothing is built, nothing is loaded
from elsewhere. They change things only through the same functions as the HTTP API.
"""
